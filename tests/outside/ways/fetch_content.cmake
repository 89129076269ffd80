include(FetchContent)

# Settings of a project of its own, which mqrpc has to respect and to leave alone.
set(CMAKE_CXX_STANDARD 17)
set(BUILD_SHARED_LIBS ON)
set(CMAKE_MODULE_PATH ${PROJECT_SOURCE_DIR}/no_such_directory)

# Never downloaded: FETCHCONTENT_SOURCE_DIR_MQRPC says where it is.
FetchContent_Declare(mqrpc URL https://mqrpc.invalid/mqrpc.tar.gz)
FetchContent_MakeAvailable(mqrpc)

get_target_property(type mqrpc TYPE)
if(NOT type STREQUAL "SHARED_LIBRARY")
  message(FATAL_ERROR "mqrpc does not respect BUILD_SHARED_LIBS: it is a ${type}")
elseif(NOT CMAKE_CXX_STANDARD EQUAL 17 OR CMAKE_CXX_EXTENSIONS OR CMAKE_FIND_PACKAGE_PREFER_CONFIG OR
       NOT CMAKE_MODULE_PATH STREQUAL "${PROJECT_SOURCE_DIR}/no_such_directory")
  message(FATAL_ERROR "mqrpc changed the settings of the project around it")
elseif(TARGET GTest::gtest OR TARGET mqrpc_bench OR TARGET calculator_proto)
  message(FATAL_ERROR "mqrpc's tests, benchmarks or examples are part of the project around it")
endif()
