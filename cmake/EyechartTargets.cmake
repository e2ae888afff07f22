# eyechart_add_room(NAME SRCS ... PUBLIC ... PRIVATE ... [TORCH])
# A room is one static library, eyechart::NAME, with an explicit source list.
# TORCH gives it LibTorch and the precompiled ATen header.
function(eyechart_add_room name)
  cmake_parse_arguments(ARG "TORCH" "" "SRCS;PUBLIC;PRIVATE" ${ARGN})
  add_library(eyechart_${name} STATIC ${ARG_SRCS})
  add_library(eyechart::${name} ALIAS eyechart_${name})
  target_link_libraries(eyechart_${name}
    PUBLIC ${ARG_PUBLIC}
    PRIVATE ${ARG_PRIVATE} eyechart_settings)
  target_include_directories(eyechart_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  if(ARG_TORCH)
    target_link_libraries(eyechart_${name} PUBLIC eyechart_torch)
    eyechart_use_torch_pch(eyechart_${name})
  endif()
endfunction()

# ATen's headers cost some ten seconds a file: they are compiled once.
function(eyechart_use_torch_pch target)
  if(NOT TARGET eyechart_torch_pch)
    file(WRITE "${CMAKE_BINARY_DIR}/torch_pch.cc" "")
    add_library(eyechart_torch_pch OBJECT "${CMAKE_BINARY_DIR}/torch_pch.cc")
    target_link_libraries(eyechart_torch_pch PRIVATE
      eyechart_torch eyechart_settings)
    target_precompile_headers(eyechart_torch_pch PRIVATE <ATen/ATen.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM eyechart_torch_pch)
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
  endif()
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${path} COMMAND ${target})
  set_tests_properties(${path} PROPERTIES TIMEOUT 300)
endfunction()

# One translation unit a header, holding nothing but that header: it fails to
# compile where a header leans on what its includers happened to include.
function(eyechart_add_header_checks)
  foreach(folder core data data/scenes encoders mining probes/heads
      probes/acuity probes/multiple_choice benchmarks reports suite cli)
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
      if(TARGET eyechart::${room})
        set(links eyechart::${room})
      endif()
      target_link_libraries(eyechart_${target}_headers PRIVATE
        ${links} eyechart_settings)
    endif()
  endforeach()
endfunction()
