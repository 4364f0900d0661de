# Warnings, sanitizers, hardening, ccache and linker: the same for every target.
option(PODCRON_TESTS "build the tests" ON)
option(PODCRON_BENCH "build the benchmarks" OFF)
option(PODCRON_FUZZ "build the fuzz targets; needs clang" OFF)
option(PODCRON_WERROR "treat warnings as errors" ON)
set(PODCRON_SANITIZE "" CACHE STRING "comma separated -fsanitize= values")
set(PODCRON_NO_SANITIZE "" CACHE STRING "comma separated parts of these that are left out")
set(PODCRON_TEST_OPTIONS "" CACHE STRING "more compile options for the tests' own code")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the source tree, so that a second clone hits what the first one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# Debian's GCC makes PIE by default, others need to be asked: this passes -pie to the linker too.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

add_compile_options(-Wall -Wextra -Wconversion -fvisibility=hidden)
if(PODCRON_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own headers at -O2 (gcc bug 105329, 105651).
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
                      -Wno-array-bounds -Wno-dangling-pointer)
endif()

if(PODCRON_SANITIZE)
  add_compile_options(-fsanitize=${PODCRON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PODCRON_SANITIZE})
  if(PODCRON_NO_SANITIZE)
    # A third of the compile time for what ASan (null, object-size) or x86 (alignment) sees anyway.
    add_compile_options(-fno-sanitize=${PODCRON_NO_SANITIZE})
  endif()
  if(PODCRON_SANITIZE MATCHES "undefined")
    # cpprestsdk hides type information in its shared object: a known false positive.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(PODCRON_SANITIZE MATCHES "thread")
    # Asio's fences are not understood by TSan: hundreds of warnings and false races otherwise.
    add_compile_options(-Wno-tsan)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # -U first: some distributions predefine another level, and redefinition is a warning.
  add_compile_options(-g1 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
                      -ffunction-sections -fdata-sections)
  # libstdc++ stays shared: libcpprest.so brings it anyway, and two copies in one process
  # would each have their own type information and locale state.
  add_link_options(-Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed)
endif()

# gold comes with binutils and links the sanitized programs in a third of ld.bfd's time.
find_program(GOLD ld.gold)
if(GOLD AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=gold)
endif()
