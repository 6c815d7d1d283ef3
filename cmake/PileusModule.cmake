# SPDX-License-Identifier: Apache-2.0
#
# pileus_module(NAME DEPENDS modules… LIBRARIES external…)
#   Makes the static library pileus_NAME of the .cpp files of this folder (not its sub-folders), and the test
#   program pileus_NAME_test of its *_test.cpp files. DEPENDS names the only modules that the folder may include;
#   tests/layering checks the #include lines against it.
function(pileus_module name)
  cmake_parse_arguments(M "" "" "DEPENDS;LIBRARIES;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(TRANSFORM M_DEPENDS PREPEND pileus_)
  list(TRANSFORM M_TEST_DEPENDS PREPEND pileus_)

  if(sources)
    add_library(pileus_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(pileus_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(pileus_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(pileus_${name} ${scope} ${M_DEPENDS} ${M_LIBRARIES})
  if(sources)
    pileus_warnings(pileus_${name})
  endif()

  if(PILEUS_TESTS AND tests)
    add_executable(pileus_${name}_test ${tests})
    target_link_libraries(pileus_${name}_test PRIVATE
      pileus_${name} ${M_TEST_DEPENDS} ${M_TEST_LIBRARIES} GTest::gmock GTest::gtest_main)
    pileus_test_warnings(pileus_${name}_test)
    add_test(NAME unit.${name} COMMAND pileus_${name}_test)
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT 120)
  endif()
endfunction()

function(pileus_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
endfunction()

# `if (…) EXPECT_EQ(…);` is no dangling else: the macro guards itself.
function(pileus_test_warnings target)
  pileus_warnings(${target})
  target_compile_options(${target} PRIVATE -Wno-dangling-else)
endfunction()

# pileus_fuzz(NAME SOURCE DEPENDS modules…): one libFuzzer program, built only with -DPILEUS_FUZZ=ON (clang).
function(pileus_fuzz name source)
  if(NOT PILEUS_FUZZ)
    return()
  endif()
  cmake_parse_arguments(F "" "" "DEPENDS" ${ARGN})
  list(TRANSFORM F_DEPENDS PREPEND pileus_)
  add_executable(fuzz_${name} ${source})
  set_property(GLOBAL APPEND PROPERTY PILEUS_FUZZERS fuzz_${name})
  target_link_libraries(fuzz_${name} PRIVATE ${F_DEPENDS})
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()

# pileus_gtest(NAME SOURCES files… DEPENDS modules… LIBRARIES external…): a test program that belongs to no one module,
# such as a contract suite. NAME is its name in ctest, "contract.volumes"; the program is called contract_volumes_test.
function(pileus_gtest name)
  if(NOT PILEUS_TESTS)
    return()
  endif()
  cmake_parse_arguments(G "" "TIMEOUT" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(NOT G_TIMEOUT)
    set(G_TIMEOUT 300)
  endif()
  list(TRANSFORM G_DEPENDS PREPEND pileus_)
  string(REPLACE "." "_" program ${name}_test)
  add_executable(${program} ${G_SOURCES})
  target_link_libraries(${program} PRIVATE ${G_DEPENDS} ${G_LIBRARIES} GTest::gmock GTest::gtest_main)
  pileus_test_warnings(${program})
  add_test(NAME ${name} COMMAND ${program})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${G_TIMEOUT})
endfunction()
