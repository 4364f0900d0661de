# podcron_library(NAME [LINK lib...]): a static library podcron_NAME of every .cc in this folder.
# podcron_test(NAME [LINK lib...]): a GoogleTest program unit_NAME of every .cc in this folder.
# podcron_test_environment(TEST...): what every test of ours runs with.
function(podcron_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/(main|[a-z_]+_main)\\.cc$")
  if(sources)
    add_library(podcron_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(podcron_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(podcron_${name} ${scope} ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_link_libraries(podcron_${name} ${scope} fmt::fmt tl::expected ${ARG_LINK})
endfunction()

function(podcron_test name)
  cmake_parse_arguments(ARG "" "" "LINK;LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${name} ${sources})
  target_include_directories(unit_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(unit_${name} PRIVATE PODCRON_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_compile_options(unit_${name} PRIVATE ${PODCRON_TEST_OPTIONS})
  target_link_libraries(unit_${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME unit_${name} COMMAND unit_${name})
  set_tests_properties(unit_${name} PROPERTIES LABELS "unit;${ARG_LABELS}" TIMEOUT 300)
  podcron_test_environment(unit_${name})
  if("threads" IN_LIST ARG_LABELS)
    add_dependencies(thread_tests unit_${name})
  endif()
endfunction()

function(podcron_test_environment)
  # The names exist in every build; a program without that sanitizer does not read them.
  set_tests_properties(${ARGN} PROPERTIES ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1;\
UBSAN_OPTIONS=print_stacktrace=1;\
LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/lsan_suppressions.txt:print_suppressions=0;\
TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan_suppressions.txt:halt_on_error=1:second_deadlock_stack=1")
endfunction()
