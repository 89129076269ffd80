# What `cmake --install` installs, for find_package(mqrpc) and for pkg-config, and the same package in
# the build tree (mqrpc_DIR is the build directory). Everything installed may be moved.

include(CMakePackageConfigHelpers)

set(mqrpc_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mqrpc)
set(mqrpc_targets mqrpc mqrpc_testing protoc-gen-mqrpc)

install(TARGETS ${mqrpc_targets} EXPORT mqrpcTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY runtime/include/ proto/ ${PROJECT_BINARY_DIR}/proto/gen/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.h PATTERN *.proto)

# CMake, installed.
install(EXPORT mqrpcTargets NAMESPACE mqrpc:: DESTINATION ${mqrpc_package_dir})
set(mqrpc_module_dir ${mqrpc_package_dir})
set(mqrpc_proto_dir ${CMAKE_INSTALL_INCLUDEDIR})
configure_package_config_file(
  cmake/mqrpcConfig.cmake.in ${PROJECT_BINARY_DIR}/installed/mqrpcConfig.cmake
  INSTALL_DESTINATION ${mqrpc_package_dir}
  PATH_VARS mqrpc_module_dir mqrpc_proto_dir)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/mqrpcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES
    ${PROJECT_BINARY_DIR}/installed/mqrpcConfig.cmake
    ${PROJECT_BINARY_DIR}/mqrpcConfigVersion.cmake
    cmake/FindMosquitto.cmake
    cmake/MqrpcEscapeDepfile.cmake
    cmake/MqrpcGenerate.cmake
  DESTINATION ${mqrpc_package_dir})

# CMake, in the build tree.
export(EXPORT mqrpcTargets NAMESPACE mqrpc:: FILE ${PROJECT_BINARY_DIR}/mqrpcTargets.cmake)
set(mqrpc_module_dir ${PROJECT_SOURCE_DIR}/cmake)
set(mqrpc_proto_dir ${PROJECT_SOURCE_DIR}/proto)
configure_package_config_file(
  cmake/mqrpcConfig.cmake.in ${PROJECT_BINARY_DIR}/mqrpcConfig.cmake
  INSTALL_PREFIX ${PROJECT_BINARY_DIR}
  INSTALL_DESTINATION ${PROJECT_BINARY_DIR}
  PATH_VARS mqrpc_module_dir mqrpc_proto_dir)

# pkg-config. Who links to the static library links to all that it uses.
foreach(dir IN ITEMS BINDIR LIBDIR INCLUDEDIR)
  string(TOLOWER pc_${dir} variable)
  cmake_path(IS_ABSOLUTE CMAKE_INSTALL_${dir} is_absolute)
  if(is_absolute)
    set(${variable} ${CMAKE_INSTALL_${dir}})
  else()
    set(${variable} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
set(pc_prefix ${CMAKE_INSTALL_PREFIX})
cmake_path(IS_RELATIVE CMAKE_INSTALL_LIBDIR is_relocatable)
if(is_relocatable)
  file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${up}")
endif()

get_directory_property(absl_public DIRECTORY runtime DEFINITION absl_public)
get_directory_property(absl_private DIRECTORY runtime DEFINITION absl_private)
list(TRANSFORM absl_public PREPEND absl_)
list(TRANSFORM absl_private PREPEND absl_)
set(pc_requires ${absl_public} protobuf)
set(pc_requires_private ${absl_private} libmosquitto)
if(NOT BUILD_SHARED_LIBS)
  list(APPEND pc_requires ${pc_requires_private})
  set(pc_requires_private "")
endif()
list(JOIN pc_requires ", " pc_requires)
list(JOIN pc_requires_private ", " pc_requires_private)
foreach(package IN ITEMS mqrpc mqrpc-testing)
  configure_file(cmake/${package}.pc.in ${PROJECT_BINARY_DIR}/installed/${package}.pc @ONLY)
  install(
    FILES ${PROJECT_BINARY_DIR}/installed/${package}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
