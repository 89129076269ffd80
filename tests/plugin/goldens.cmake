# cmake -DPROTOC=… -DPLUGIN=… -DMQRPC_PROTO_DIR=… -DIMPORT_DIR=… -DPROTOS=a.proto,b.proto -DGOLDEN_DIR=… -DOUT_DIR=…
#       [-DUPDATE=ON] -P goldens.cmake
#
# Runs protoc with the plugin and compares what it writes with the files in GOLDEN_DIR, byte for byte;
# with UPDATE it writes those files.

if(UPDATE)
  set(OUT_DIR ${GOLDEN_DIR})
endif()
file(REMOVE_RECURSE ${OUT_DIR})
file(MAKE_DIRECTORY ${OUT_DIR})
string(REPLACE "," ";" protos "${PROTOS}")
execute_process(
  COMMAND ${PROTOC} -I${IMPORT_DIR} -I${MQRPC_PROTO_DIR} --plugin=protoc-gen-mqrpc=${PLUGIN} --mqrpc_out=${OUT_DIR}
          ${protos}
  COMMAND_ERROR_IS_FATAL ANY)
if(UPDATE)
  return()
endif()

file(GLOB_RECURSE made RELATIVE ${OUT_DIR} ${OUT_DIR}/*)
file(GLOB_RECURSE goldens RELATIVE ${GOLDEN_DIR} ${GOLDEN_DIR}/*)
if(NOT made STREQUAL goldens)
  message(FATAL_ERROR "the plugin wrote\n  ${made}\nbut ${GOLDEN_DIR} has\n  ${goldens}")
endif()
set(different "")
foreach(file IN LISTS made)
  execute_process(COMMAND diff -u ${GOLDEN_DIR}/${file} ${OUT_DIR}/${file} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(APPEND different ${file})
  endif()
endforeach()
if(different)
  message(FATAL_ERROR "generated code has changed: ${different}\n"
                      "If it should, build the target update_goldens and look at the difference.")
endif()
