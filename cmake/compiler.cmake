# Warnings, sanitizers, ccache, linker: the same for every target.
option(PODCRON_TESTS "build the tests" ON)
option(PODCRON_BENCH "build the benchmarks" OFF)
set(PODCRON_SANITIZE "" CACHE STRING "comma separated -fsanitize= values")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wconversion -Werror -fvisibility=hidden)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own headers at -O2 (gcc bug 105329, 105651).
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
                      -Wno-array-bounds -Wno-dangling-pointer)
endif()
if(PODCRON_SANITIZE)
  add_compile_options(-fsanitize=${PODCRON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PODCRON_SANITIZE})
  if(PODCRON_SANITIZE MATCHES "undefined")
    # cpprestsdk hides type information in its shared object: a known false positive.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(PODCRON_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-g1 -fstack-protector-strong -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--gc-sections)
  add_compile_options(-ffunction-sections -fdata-sections)
endif()
find_program(GOLD ld.gold)
if(GOLD AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=gold)
endif()
