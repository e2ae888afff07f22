# eyechart_add_room(NAME SRCS ... PUBLIC ... PRIVATE ... [TORCH])
# A room is one static library, eyechart::NAME, with an explicit source list.
# TORCH gives it LibTorch, and its headers precompiled.
function(eyechart_add_room name)
  cmake_parse_arguments(ARG "TORCH" "" "SRCS;PUBLIC;PRIVATE" ${ARGN})
  add_library(eyechart_${name} STATIC ${ARG_SRCS})
  add_library(eyechart::${name} ALIAS eyechart_${name})
  target_link_libraries(eyechart_${name}
    PUBLIC ${ARG_PUBLIC}
    PRIVATE ${ARG_PRIVATE} eyechart_settings)
  target_include_directories(eyechart_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  eyechart_use_unity(eyechart_${name})
  if(ARG_TORCH)
    target_link_libraries(eyechart_${name} PUBLIC eyechart_torch)
    eyechart_use_torch_pch(eyechart_${name})
  else()
    eyechart_use_plain_pch(eyechart_${name})
  endif()
endfunction()

# Most of what a file of ours costs is what it includes and what headers have it
# instantiate: ten at once cost a third to a half of ten alone. What stands in
# their anonymous namespaces meets: its names are the room's. CMake leaves out
# files with options of their own.
function(eyechart_use_unity target)
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${EYECHART_UNITY} UNITY_BUILD_BATCH_SIZE 10)
endfunction()

# What nearly every file reads, compiled once: ATen's headers cost some ten
# seconds a file, those of JSON and fmt two, GoogleTest's one more.
set(eyechart_plain_headers
  <nlohmann/json.hpp> <fmt/format.h> <fmt/ranges.h> <algorithm> <filesystem>
  <functional> <map> <memory> <optional> <string> <vector>)
function(eyechart_use_torch_pch target)
  eyechart_use_pch(${target} eyechart_torch_pch
    <ATen/ATen.h> ${eyechart_plain_headers})
endfunction()
function(eyechart_use_plain_pch target)
  eyechart_use_pch(${target} eyechart_plain_pch ${eyechart_plain_headers})
  eyechart_trust_strings(${target})
endfunction()
function(eyechart_use_test_pch target)
  eyechart_use_pch(${target} eyechart_test_pch
    <gtest/gtest.h> ${eyechart_plain_headers})
  eyechart_trust_strings(${target})
endfunction()

# Where <string> was precompiled, GCC 12 no longer takes it for a system header
# and warns of copies in it that cannot happen. The asan preset finds those that
# can.
function(eyechart_trust_strings target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND
      CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE
      -Wno-stringop-overread -Wno-stringop-overflow)
  endif()
endfunction()

# The headers that follow, precompiled, for `target`; all that name `pch` share
# them.
function(eyechart_use_pch target pch)
  if(NOT TARGET ${pch})
    file(WRITE "${CMAKE_BINARY_DIR}/${pch}.cc" "")
    add_library(${pch} OBJECT "${CMAKE_BINARY_DIR}/${pch}.cc")
    target_link_libraries(${pch} PRIVATE
      fmt::fmt nlohmann_json::nlohmann_json eyechart_settings)
    if("${ARGN}" MATCHES "<ATen/")
      target_link_libraries(${pch} PRIVATE eyechart_torch)
    endif()
    if("${ARGN}" MATCHES "<gtest/")
      target_link_libraries(${pch} PRIVATE GTest::gtest)
    endif()
    target_precompile_headers(${pch} PRIVATE ${ARGN})
    # ccache would hash its hundreds of megabytes for every file, and never find
    # the same in another folder. What the header depends on stands for it.
    string(SHA256 sum "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} \
${CMAKE_BUILD_TYPE} ${CMAKE_CXX_FLAGS} ${EYECHART_SANITIZE} ${EYECHART_WERROR} \
${Torch_VERSION} ${nlohmann_json_VERSION} ${fmt_VERSION} ${EYECHART_CUDA} ${ARGN}")
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${pch}.dir/\
cmake_pch.hxx.gch.sum" "${sum}")
  endif()
  target_precompile_headers(${target} REUSE_FROM ${pch})
  # Their definitions must be those that the header was compiled with.
  target_link_libraries(${target} PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
  # GCC takes the header only where it is built alike: -fPIC, in executables
  # too, which CMake would build with -fPIE.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# eyechart_add_test(ROOM/FILE LINKS ... [TORCH]): builds tests/ROOM/FILE_test.cc
# as one executable and one CTest entry named ROOM/FILE.
function(eyechart_add_test path)
  cmake_parse_arguments(ARG "TORCH" "" "LINKS" ${ARGN})
  string(REPLACE "/" "_" target "${path}_test")
  add_executable(${target} "${PROJECT_SOURCE_DIR}/tests/${path}_test.cc")
  target_link_libraries(${target} PRIVATE
    ${ARG_LINKS} eyechart_test_main eyechart_settings)
  if(ARG_TORCH)
    eyechart_use_torch_pch(${target})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:eyechart_seed_torch>)
    target_link_libraries(${target} PRIVATE eyechart::encoders)
  else()
    eyechart_use_test_pch(${target})
  endif()
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${path} COMMAND ${target})
  set_tests_properties(${path} PROPERTIES TIMEOUT 300)
endfunction()

# One translation unit a header, holding nothing but that header: it fails to
# compile where a header leans on what its includers happened to include. The
# tensor's own header alone is given in rooms that have LibTorch: parsing it a
# hundred times took a third of a build. (A header of all operators would not
# do: each use of it costs two seconds.)
function(eyechart_add_header_checks)
  foreach(folder core data data/boxes data/scenes encoders mining probes/heads
      probes/mixture probes/pipeline probes/acuity probes/multiple_choice
      probes/detection probes/detection/evaluation probes/detection/nms
      probes/detection/transfer
      benchmarks benchmarks/load benchmarks/micro benchmarks/nms_sweep
      benchmarks/roofline benchmarks/vision mining/drift reports reports/gate reports/history
      reports/import reports/published suite cli)
    # A room inside another goes by its own name.
    get_filename_component(room "${folder}" NAME)
    string(REPLACE "/" "_" target "${folder}")
    file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.h")
    set(units "")
    foreach(header ${headers})
      get_filename_component(base "${header}" NAME_WE)
      set(unit "${CMAKE_BINARY_DIR}/header_checks/${target}_${base}.cc")
      file(CONFIGURE OUTPUT "${unit}"
        CONTENT "#include \"${folder}/${base}.h\"\n" @ONLY)
      list(APPEND units "${unit}")
    endforeach()
    if(units)
      add_library(eyechart_${target}_headers OBJECT ${units})
      # cli is a program, not a library: its headers see what it links.
      set(links eyechart::suite CLI11::CLI11)
      set(precompiled "")
      if(TARGET eyechart::${room})
        set(links eyechart::${room})
        get_target_property(precompiled eyechart_${room}
          PRECOMPILE_HEADERS_REUSE_FROM)
      endif()
      target_link_libraries(eyechart_${target}_headers PRIVATE
        ${links} eyechart_settings)
      if("${precompiled}" STREQUAL eyechart_torch_pch)
        eyechart_use_pch(eyechart_${target}_headers eyechart_tensor_pch
          <ATen/core/Tensor.h>)
      endif()
    endif()
  endforeach()
endfunction()
