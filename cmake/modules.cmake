# One folder = one module = one target = one namespace.

# Warnings and sanitizers of our own code; third-party targets never see them.
add_library(ams_options INTERFACE)
target_compile_options(ams_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(AMS_WERROR)
  target_compile_options(ams_options INTERFACE -Werror)
endif()
if(AMS_SANITIZE)
  target_compile_options(ams_options INTERFACE -fsanitize=${AMS_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all
                                               # GCC sees uses of uninitialised values in its own
                                               # <regex> and <functional> once they carry checks.
                                               $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(ams_options INTERFACE -fsanitize=${AMS_SANITIZE})
endif()

# add_module(name SOURCES … [DEPENDS …]): the static library ams_<name> from this folder.
# DEPENDS are public: the modules and libraries that the headers of this module show.
function(add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(ams_${name} STATIC ${arg_SOURCES})
  target_include_directories(ams_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(ams_${name} PUBLIC ${arg_DEPENDS} PRIVATE ams_options ${arg_PRIVATE})
endfunction()

# add_unit_test(name SOURCES … DEPENDS …): a GoogleTest program registered with CTest.
function(add_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE ams_options ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE "AMS_TEST_GOLDEN_DIR=\"${AMS_GOLDEN_DIR}\""
                                             "AMS_TEST_SOURCE_DIR=\"${CMAKE_SOURCE_DIR}\"")
  add_test(NAME ${name} COMMAND ${name})
endfunction()
