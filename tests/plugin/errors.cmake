# cmake -DPROTOC=… -DPLUGIN=… -DMQRPC_PROTO_DIR=… -DIMPORT_DIR=… -DPROTOS=a.proto,b.proto -DEXPECTED=… -DOUT_DIR=…
#       [-DPARAMETER=…] [-DUPDATE=ON] -P errors.cmake
#
# Runs protoc with the plugin, which has to fail, write no file, and say exactly what is in EXPECTED;
# with UPDATE it writes EXPECTED.

file(REMOVE_RECURSE ${OUT_DIR})
file(MAKE_DIRECTORY ${OUT_DIR})
string(REPLACE "," ";" protos "${PROTOS}")
set(parameter "")
if(PARAMETER)
  set(parameter --mqrpc_opt=${PARAMETER})
endif()
execute_process(
  COMMAND ${PROTOC} -I${IMPORT_DIR} -I${MQRPC_PROTO_DIR} --plugin=protoc-gen-mqrpc=${PLUGIN} --mqrpc_out=${OUT_DIR}
          ${parameter} ${protos}
  RESULT_VARIABLE result
  ERROR_VARIABLE errors)
if(result EQUAL 0)
  message(FATAL_ERROR "protoc did not fail for ${PROTOS}")
endif()
file(GLOB_RECURSE made ${OUT_DIR}/*)
if(made)
  message(FATAL_ERROR "files were written despite the errors: ${made}")
endif()
if(UPDATE)
  file(WRITE ${EXPECTED} "${errors}")
  return()
endif()
file(READ ${EXPECTED} expected)
if(NOT errors STREQUAL expected)
  message(FATAL_ERROR "protoc said\n${errors}\nand not, as in ${EXPECTED},\n${expected}")
endif()
