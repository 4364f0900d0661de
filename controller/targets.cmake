# The process that acts. Each part is a library of its own, so that the tests link what they test.
find_package(Boost 1.74 REQUIRED)
find_package(cpprestsdk REQUIRED)

function(podcron_controller_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;LINK" ${ARGN})
  set(sources "")
  foreach(folder ${ARG_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cc)
    list(APPEND sources ${found})
  endforeach()
  add_library(podcron_${name} STATIC ${sources})
  target_include_directories(podcron_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(podcron_${name} PUBLIC fmt::fmt tl::expected ${ARG_LINK})
endfunction()

podcron_controller_library(config FOLDERS config LINK podcron_engine podcron_version)
target_link_libraries(podcron_config PRIVATE yaml-cpp CLI11::CLI11)

podcron_controller_library(net FOLDERS net
  LINK podcron_config podcron_kube podcron_version OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_link_libraries(podcron_net PRIVATE Boost::headers cpprestsdk::cpprest)

podcron_controller_library(controller FOLDERS handlers loop inbound telemetry
  LINK podcron_net podcron_cron podcron_observe)
target_link_libraries(podcron_controller PRIVATE Boost::headers prometheus-cpp::core)

# The libraries and their tests build before the engine does.
if(EXISTS ${CMAKE_SOURCE_DIR}/src/engine/engine.cc)
  add_executable(podcron main.cc)
  target_link_libraries(podcron PRIVATE podcron_controller podcron_engine)
  set_target_properties(podcron PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endif()
