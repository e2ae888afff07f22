# Language, warnings and sanitizers: one interface target that every target of
# ours links, so that third-party headers are never built with our warnings.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(EYECHART_CCACHE ccache)
if(EYECHART_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers carry time stamps; without this ccache never hits. What
  # one checkout has compiled serves the next, in whatever folder it lies.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
    ${EYECHART_CCACHE})
endif()

add_library(eyechart_settings INTERFACE)
target_include_directories(eyechart_settings INTERFACE
  "${PROJECT_SOURCE_DIR}")
target_compile_options(eyechart_settings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wformat=2
  -Wnon-virtual-dtor -Wold-style-cast
  $<$<BOOL:${EYECHART_WERROR}>:-Werror>
  # GCC 12 sees overlaps in std::string's operator+ that are not there (bug
  # 105651), and, where the header was precompiled, writes behind short strings.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-array-bounds>
  # ccache and precompiled headers: the header's own defines are enough.
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
if(EYECHART_SANITIZE)
  target_compile_options(eyechart_settings INTERFACE
    -fsanitize=${EYECHART_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(eyechart_settings INTERFACE
    -fsanitize=${EYECHART_SANITIZE})
endif()

if(EYECHART_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "EYECHART_FUZZ needs clang and its run-time library "
      "(Debian: clang-14 libclang-rt-14-dev)")
  endif()
  # Coverage for the fuzzer; its main is linked where it is wanted.
  target_compile_options(eyechart_settings INTERFACE
    -fsanitize=fuzzer-no-link)
endif()
