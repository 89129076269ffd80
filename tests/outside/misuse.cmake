# Wrong calls of mqrpc_generate are refused in words that help.
#
#   cmake -DMQRPC_GENERATE=… -DSOURCE_DIR=… -DWORK_DIR=… -P misuse.cmake

cmake_minimum_required(VERSION 3.22)

function(expect case pattern)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${SOURCE_DIR}/misuse -B ${WORK_DIR} -DCASE=${case}
            -DMQRPC_GENERATE=${MQRPC_GENERATE}
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  # CMake wraps messages, but not at the same places everywhere.
  string(REGEX REPLACE "[ \n]+" " " words "${output}")
  if(result EQUAL 0)
    message(SEND_ERROR "${case}: not refused:\n${output}")
  elseif(NOT words MATCHES "${pattern}")
    message(SEND_ERROR "${case}: refused, but not with `${pattern}`:\n${output}")
  else()
    message(STATUS "${case}: refused")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
expect(no_target "mqrpc_generate: TARGET is missing")
expect(empty_target "mqrpc_generate: TARGET is missing")
expect(no_protos "PROTOS is missing")
expect(empty_protos "nothing follows PROTOS")
expect(unknown_argument "unknown argument: SOURCES It takes TARGET, PROTOS, IMPORT_DIRS and DEPENDS")
expect(existing_target "there is a target of that name already")
expect(missing_file "PROTOS: no such file: .*/misuse/missing\\.proto")
expect(not_a_proto "PROTOS: not a \\.proto file: CMakeLists\\.txt")
expect(outside_of_all_roots "outside\\.proto is in none of the import directories: .*/misuse")
expect(listed_twice "inside\\.proto is listed twice")
expect(one_name_in_two_directories "x\\.proto is listed twice")
expect(missing_import_dir "IMPORT_DIRS: no such directory: .*/misuse/missing")
expect(unknown_dependency "DEPENDS: no such target: missing")
expect(without_mqrpc "no target mqrpc::mqrpc here; call find_package\\(mqrpc REQUIRED\\)")
