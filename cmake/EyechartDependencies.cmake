# Third-party packages. OpenMP, BLAS and LAPACK are what faiss's configuration
# takes for found.
find_package(Threads REQUIRED)
find_package(Torch REQUIRED)
find_package(OpenMP REQUIRED)
# By name: LibTorch has a libgomp beside it, which is the one that is loaded,
# and CMake warns for each target of a path that this hides.
get_target_property(_openmp OpenMP::OpenMP_CXX INTERFACE_LINK_LIBRARIES)
string(REGEX REPLACE "[^;]*/libgomp[.]so" "gomp" _openmp "${_openmp}")
set_target_properties(OpenMP::OpenMP_CXX PROPERTIES
  INTERFACE_LINK_LIBRARIES "${_openmp}")
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_package(faiss CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc icu-i18n)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(pugixml CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
if(EYECHART_BENCHMARKS)
  find_package(benchmark CONFIG REQUIRED)
endif()
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp CONFIG REQUIRED)

# Not find_package(OpenCV): its configuration file asks for every module that
# Debian splits into packages, and half a desktop with them.
find_path(EYECHART_OPENCV_INCLUDE opencv2/core.hpp
  PATH_SUFFIXES opencv4 REQUIRED)
add_library(eyechart_opencv INTERFACE)
target_include_directories(eyechart_opencv SYSTEM INTERFACE
  "${EYECHART_OPENCV_INCLUDE}")
foreach(_module core imgproc imgcodecs)
  find_library(EYECHART_OPENCV_${_module} opencv_${_module} REQUIRED)
  target_link_libraries(eyechart_opencv INTERFACE
    "${EYECHART_OPENCV_${_module}}")
endforeach()

find_path(EYECHART_LIBCSV_INCLUDE NAMES csv.h REQUIRED)
find_library(EYECHART_LIBCSV_LIBRARY csv REQUIRED)
add_library(eyechart_libcsv INTERFACE)
target_include_directories(eyechart_libcsv SYSTEM INTERFACE
  "${EYECHART_LIBCSV_INCLUDE}")
target_link_libraries(eyechart_libcsv INTERFACE "${EYECHART_LIBCSV_LIBRARY}")

# A CUDA build of LibTorch; the device's own code is compiled with it alone.
set(EYECHART_CUDA OFF)
if(TARGET torch_cuda)
  set(EYECHART_CUDA ON)
  # Our own kernels call the runtime that LibTorch's call.
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
endif()

# Not its pkg-config file, which asks for the training library too. Its own copy
# of protobuf and LibTorch's do not meet: LibTorch hides its symbols.
find_path(EYECHART_SENTENCEPIECE_INCLUDE NAMES sentencepiece_processor.h
  REQUIRED)
find_library(EYECHART_SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
add_library(eyechart_sentencepiece INTERFACE)
target_include_directories(eyechart_sentencepiece SYSTEM INTERFACE
  "${EYECHART_SENTENCEPIECE_INCLUDE}")
target_link_libraries(eyechart_sentencepiece INTERFACE
  "${EYECHART_SENTENCEPIECE_LIBRARY}")

# LibTorch's include folder brings its own copies of fmt and others: it stands
# after the system's, or two versions of fmt would meet in one program.
add_library(eyechart_torch INTERFACE)
target_link_libraries(eyechart_torch INTERFACE ${TORCH_LIBRARIES})
# Before every other library of a program: LibTorch calls its own MKL by names
# (sgemm_) that OpenBLAS has too, and the loader takes whichever stands first.
# An option, as it stands before the libraries, whose order CMake chooses.
target_link_options(eyechart_torch INTERFACE
  "SHELL:LINKER:--push-state,--no-as-needed $<TARGET_FILE:torch_cpu> LINKER:--pop-state")
foreach(_target torch torch_library torch_cpu torch_cpu_library torch_cuda
    torch_cuda_library c10 c10_cuda)
  if(TARGET ${_target})
    set_target_properties(${_target} PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "")
  endif()
endforeach()
foreach(_folder ${TORCH_INCLUDE_DIRS})
  target_compile_options(eyechart_torch INTERFACE
    "SHELL:-idirafter ${_folder}")
endforeach()
target_compile_definitions(eyechart_torch INTERFACE
  AT_PER_OPERATOR_HEADERS)
