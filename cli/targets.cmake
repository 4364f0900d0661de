# kubectl-podcron: everything but main.cc is a library, so that tests link what they test.
file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
list(FILTER cli_sources EXCLUDE REGEX "/main\\.cc$")
add_library(podcron_cli STATIC ${cli_sources})
target_include_directories(podcron_cli PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
target_link_libraries(podcron_cli
  PUBLIC fmt::fmt tl::expected podcron_net podcron_config podcron_engine podcron_version
  PRIVATE yaml-cpp CLI11::CLI11)

add_executable(kubectl-podcron main.cc)
target_link_libraries(kubectl-podcron PRIVATE podcron_cli)
set_target_properties(kubectl-podcron PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
