# Builds and runs the project in project/, with mqrpc from where WAY says, in a copy of it in WORK_DIR:
#
#   installed    find_package from an installed prefix, with Ninja
#   build_tree   find_package from the build tree, with make
#   subproject   FetchContent, with Ninja
#   pkg_config   a plain Makefile, with an installed prefix
#
#   cmake -DWAY=… -D… -P run.cmake        (CMakeLists.txt says what else)

cmake_minimum_required(VERSION 3.22)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(configure generator way)
  configure_file(${SOURCE_DIR}/ways/${way}.cmake ${WORK_DIR}/mqrpc.cmake COPYONLY)
  run(${CMAKE_COMMAND} -S ${WORK_DIR} -B ${WORK_DIR}/build -G ${generator}
    # Quick to compile.
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG= -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CXX_COMPILER_LAUNCHER} -DCMAKE_CXX_FLAGS=${CXX_FLAGS} ${ARGN})
endfunction()

function(build_and_run)
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/build --parallel 2)
  run(${WORK_DIR}/build/program)
endfunction()

# A change is followed by the code made of the file, of those that import it, and by nothing else.
function(expect_rebuilt_on_change)
  set(units ${WORK_DIR}/build/units/acme_units-generated/acme/units.pb.h)
  set(thermostat ${WORK_DIR}/build/thermostat/acme_thermostat-generated/acme/thermostat.pb.h)
  set(mode ${WORK_DIR}/build/thermostat/acme_thermostat-generated/acme/mode.pb.h)

  mtimes(${units} ${thermostat} ${mode} before)
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
  mtimes(${units} ${thermostat} ${mode} after)
  if(NOT after STREQUAL before)
    message(FATAL_ERROR "nothing was changed, but code was made anew")
  endif()

  file(APPEND ${WORK_DIR}/units/proto/acme/units.proto "message Humidity { double percent = 1; }\n")
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/build --parallel 2 --target acme_thermostat)
  file(STRINGS ${units} found REGEX "class Humidity")
  if(NOT found)
    message(FATAL_ERROR "units.proto was changed, but not the code of it")
  elseif(NOT ${thermostat} IS_NEWER_THAN ${WORK_DIR}/units/proto/acme/units.proto)
    message(FATAL_ERROR "units.proto was changed, but not the code of thermostat.proto, its importer")
  elseif(${mode} IS_NEWER_THAN ${WORK_DIR}/units/proto/acme/units.proto)
    message(FATAL_ERROR "units.proto was changed, and the code of mode.proto made anew")
  endif()

  if(WAY STREQUAL "installed")
    file(TOUCH ${PREFIX}/bin/protoc-gen-mqrpc)
    run(${CMAKE_COMMAND} --build ${WORK_DIR}/build --parallel 2 --target acme_units)
    if(NOT ${units} IS_NEWER_THAN ${PREFIX}/bin/protoc-gen-mqrpc)
      message(FATAL_ERROR "the plugin was changed, but not the code made by it")
    endif()
  endif()
endfunction()

function(mtimes a b c out_times)
  foreach(file IN ITEMS ${a} ${b} ${c})
    file(TIMESTAMP ${file} time "%Y-%m-%d %H:%M:%S.%f")
    list(APPEND times ${time})
  endforeach()
  set(${out_times} ${times} PARENT_SCOPE)
endfunction()

# Our warnings stay at home: only the project's own program is compiled with -Werror.
function(expect_no_warning_flags)
  file(STRINGS ${WORK_DIR}/build/compile_commands.json commands REGEX "-W(all|extra|error|pedantic)")
  foreach(command IN LISTS commands)
    if(NOT command MATCHES "program\\.cc")
      message(FATAL_ERROR "a user's build is made with warnings of ours: ${command}")
    endif()
  endforeach()
endfunction()

# Nothing installed knows where it was built.
function(expect_relocatable)
  file(GLOB_RECURSE files ${PREFIX}/*.cmake ${PREFIX}/*.pc ${PREFIX}/*.h)
  list(LENGTH files count)
  if(count LESS 20)
    message(FATAL_ERROR "what was installed in ${PREFIX}? ${files}")
  endif()
  foreach(file IN LISTS files)
    file(READ ${file} text)
    foreach(place IN ITEMS ${MQRPC_SOURCE_DIR} ${MQRPC_BINARY_DIR})
      string(FIND "${text}" ${place} position)
      if(NOT position EQUAL -1)
        message(FATAL_ERROR "${file} names ${place}")
      endif()
    endforeach()
  endforeach()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
file(COPY ${SOURCE_DIR}/project/ DESTINATION ${WORK_DIR})

if(WAY STREQUAL "installed" OR WAY STREQUAL "pkg_config")
  # Moved after the installation, as a package would be.
  run(${CMAKE_COMMAND} --install ${MQRPC_BINARY_DIR} --config ${CONFIG}
    --prefix ${WORK_DIR}/installed)
  set(PREFIX ${WORK_DIR}/moved)
  file(RENAME ${WORK_DIR}/installed ${PREFIX})
  expect_relocatable()
endif()

if(WAY STREQUAL "installed")
  configure(Ninja find_package -DCMAKE_PREFIX_PATH=${PREFIX})
  build_and_run()
  expect_rebuilt_on_change()
  expect_no_warning_flags()
elseif(WAY STREQUAL "build_tree")
  configure("Unix Makefiles" find_package -Dmqrpc_DIR=${MQRPC_BINARY_DIR})
  build_and_run()
  expect_rebuilt_on_change()
elseif(WAY STREQUAL "subproject")
  configure(Ninja fetch_content -DFETCHCONTENT_SOURCE_DIR_MQRPC=${MQRPC_SOURCE_DIR})
  build_and_run()
  expect_no_warning_flags()
elseif(WAY STREQUAL "pkg_config")
  set(ENV{PKG_CONFIG_PATH} ${PREFIX}/${LIBDIR}/pkgconfig)
  set(ENV{LD_LIBRARY_PATH} ${PREFIX}/${LIBDIR})
  run(make -C ${WORK_DIR} -j2 CXX=${CXX_COMPILER_LAUNCHER}\ ${CXX_COMPILER} CXXFLAGS=${CXX_FLAGS})
  run(${WORK_DIR}/program)
else()
  message(FATAL_ERROR "WAY: installed, build_tree, subproject or pkg_config, not `${WAY}`")
endif()
