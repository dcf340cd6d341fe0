# ggml: tensors, kernels and GGUF. Three sources, first match wins; all end in the target `ggml`.
#   1. -DAMS_GGML_DIR=DIR   a ggml source folder
#   2. an installed ggml    >= 0.25 (find_package)
#   3. third_party/ggml     fetched by scripts/fetch_ggml.sh, which ./ams calls
set(AMS_GGML_DIR "" CACHE PATH "A ggml source folder (>= 0.25)")
option(AMS_NATIVE "Use every instruction of this machine's processor; off: x86-64-v3, as in packages" ON)
set(ams_ggml_minimum 0.25)

# A function, so that ggml's build flags stay its own: the same optimised objects in every preset.
function(ams_add_ggml source_dir)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(BUILD_SHARED_LIBS OFF)
  set(BUILD_TESTING OFF)
  set(GGML_BUILD_TESTS OFF)
  set(GGML_BUILD_EXAMPLES OFF)
  set(GGML_LLAMAFILE ON)
  set(GGML_OPENMP ON)
  set(GGML_NATIVE ${AMS_NATIVE})
  if(NOT AMS_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # x86-64-v3. ggml's own default would be SSE2 wherever SOURCE_DATE_EPOCH is set, as packagers do.
    foreach(instructions IN ITEMS SSE42 AVX AVX2 BMI2 FMA F16C)
      set(GGML_${instructions} ON)
    endforeach()
  endif()
  set(GGML_CUDA ${AMS_CUDA})
  set(GGML_CUDA_GRAPHS ON)  # off by default outside llama.cpp; a step of one token is bound by launches
  set(GGML_VULKAN ${AMS_VULKAN})
  set(GGML_METAL ${AMS_METAL})
  set(GGML_CCACHE OFF)
  set(GGML_ALL_WARNINGS OFF)  # GCC 12 sees uninitialised values in its own AVX-512 headers
  set(GIT_EXE "")  # it would report our own commit as ggml's and recompile with each of them
  set(CMAKE_EXPORT_COMPILE_COMMANDS OFF)
  set(CMAKE_C_FLAGS_DEBUG "-O3 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_DEBUG "-O3 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O3 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -DNDEBUG")
  add_subdirectory("${source_dir}" "${CMAKE_BINARY_DIR}/ggml" EXCLUDE_FROM_ALL SYSTEM)
endfunction()

if(AMS_GGML_DIR)
  ams_add_ggml("${AMS_GGML_DIR}")
  message(STATUS "ggml: ${AMS_GGML_DIR}")
else()
  find_package(ggml ${ams_ggml_minimum} QUIET)
  if(ggml_FOUND)
    if(NOT TARGET ggml)
      add_library(ggml ALIAS ggml::ggml)
    endif()
    message(STATUS "ggml: installed ${ggml_VERSION}")
  elseif(EXISTS "${CMAKE_SOURCE_DIR}/third_party/ggml/CMakeLists.txt")
    ams_add_ggml("${CMAKE_SOURCE_DIR}/third_party/ggml")
    message(STATUS "ggml: third_party/ggml")
  else()
    message(FATAL_ERROR "ggml >= ${ams_ggml_minimum} not found; run ./ams once (it fetches the source) "
                        "or pass -DAMS_GGML_DIR=<ggml source folder>")
  endif()
endif()
