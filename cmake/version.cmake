# podcron_version: a library of one generated source file, made anew by every build but only
# written when the text changes. So a commit recompiles one file of ten lines, and whoever
# includes podcron_version.h (which never changes) is only linked again.
set(PODCRON_COMMIT "" CACHE STRING "commit to report when the sources are not a git work tree")
set(version_dir ${CMAKE_BINARY_DIR}/generated)
configure_file(${CMAKE_SOURCE_DIR}/cmake/podcron_version.h.in ${version_dir}/podcron_version.h COPYONLY)
add_custom_target(podcron_version_source
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DOUTPUT=${version_dir}/podcron_version.cc
          -DVERSION=${PROJECT_VERSION} -DCOMMIT=${PODCRON_COMMIT}
          -P ${CMAKE_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${version_dir}/podcron_version.cc
  COMMENT "Checking the version")
add_library(podcron_version STATIC ${version_dir}/podcron_version.cc)
add_dependencies(podcron_version podcron_version_source)
target_include_directories(podcron_version PUBLIC ${version_dir})
