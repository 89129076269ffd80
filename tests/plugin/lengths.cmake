# cmake -DPROTOC=… -DPLUGIN=… -DMQRPC_PROTO_DIR=… -DCLANG_FORMAT=… -DSTYLE=.clang-format -DOUT_DIR=… -P lengths.cmake
#
# Fails if clang-format would change what is generated for names of any length, on their own and
# together, so that every way to break a line comes up on both sides of its limit.

set(longest 110)
file(REMOVE_RECURSE ${OUT_DIR})
file(MAKE_DIRECTORY ${OUT_DIR})

set(messages "")
set(long_reply "")
set(long_method "")
set(long_everything "")
set(long_idempotent "")
set(long_with_options "")
set(long_options "")
foreach(length RANGE 1 ${longest})
  string(REPEAT m ${length} message)
  string(REPEAT r ${length} method)
  math(EXPR half "(${length} + 1) / 2")
  string(REPEAT m ${half} half_message)
  string(REPEAT r ${half} half_method)
  string(APPEND messages "message ${message} {}\n")
  string(APPEND long_reply "  rpc Get${length}(m) returns (${message});\n")
  string(APPEND long_method "  rpc ${method}(mmmmmm) returns (mmmmmmm);\n")
  string(APPEND long_idempotent
    "  rpc ${half_method}${length}(m) returns (${half_message}) {\n"
    "    option idempotency_level = IDEMPOTENT;\n  }\n"
    "  rpc ${method}i(m) returns (m) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n")
  string(APPEND long_with_options
    "  rpc ${method}(m) returns (${message}) {\n    option (mqrpc.wait_for_ready) = true;\n  }\n")
  string(APPEND long_everything
    "  rpc ${half_method}${length}(${half_message}) returns (${half_message}) {\n"
    "    option deprecated = true;\n  }\n")
endforeach()
foreach(length RANGE 1 9)
  string(REPEAT 1 ${length} number)
  set(backoff "max_backoff: { seconds: 5 }")
  string(APPEND long_options
    "  rpc Attempts${length}(m) returns (m) {\n"
    "    option (mqrpc.qos) = AT_MOST_ONCE;\n"
    "    option (mqrpc.retry) = { max_attempts: ${number} };\n  }\n"
    "  rpc Backoff${length}(m) returns (m) {\n"
    "    option (mqrpc.timeout) = { seconds: 5 };\n"
    "    option (mqrpc.retry) = { max_attempts: ${number} ${backoff} };\n  }\n"
    "  rpc Timeouts${length}(m) returns (m) {\n"
    "    option (mqrpc.timeout) = { nanos: ${number} };\n"
    "    option (mqrpc.retry) = { attempt_timeout: { nanos: ${number} } ${backoff} };\n  }\n")
endforeach()
set(short_method "")
foreach(length RANGE 55 ${longest})
  string(REPEAT m ${length} message)
  foreach(method IN ITEMS r rr rrr rrrr)
    string(APPEND short_method
      "}\nservice Short_${length}_${method} {\n  rpc ${method}(${message}) returns (${message});\n")
  endforeach()
endforeach()
set(long_services "")
foreach(length RANGE 60 ${longest})
  string(REPEAT s ${length} service)
  string(APPEND long_services "service ${service} {}\n")
endforeach()
set(comments "")
foreach(length RANGE 80 115)
  string(REPEAT c ${length} word)
  string(REPEAT "a " ${length} words)
  string(APPEND comments "// ${word}\n// ${words}\n// and then ${word} too\n//   ${words}${word}\n//\n")
endforeach()

file(WRITE ${OUT_DIR}/lengths.proto
  "syntax = \"proto3\";\npackage lengths;\nimport \"mqrpc/options.proto\";\n${messages}"
  "service LongReply {\n${long_reply}}\n"
  "service LongMethod {\n${long_method}}\n"
  "service LongIdempotent {\n${long_idempotent}}\n"
  "service LongWithOptions {\n${long_with_options}}\n"
  "service LongOptions {\n${long_options}}\n"
  "service LongEverything {\n${long_everything}}\n"
  "service ShortMethod {\n${short_method}}\n"
  "${long_services}"
  "${comments}service LongComment {}\n")

set(files ${OUT_DIR}/lengths.mqrpc.pb.h,${OUT_DIR}/lengths.mqrpc.pb.cc)
set(protos lengths.proto)
foreach(length RANGE 75 ${longest} 5)
  string(REPEAT p ${length} package)
  foreach(shape "${package}" "some.parts.${package}" "${package}.Part")
    set(name package-${shape})
    file(WRITE ${OUT_DIR}/${name}.proto
      "syntax = \"proto3\";\npackage ${shape};\n"
      "message M {}\nservice S {\n  rpc Get(M) returns (M);\n}\n")
    list(APPEND protos ${name}.proto)
    string(APPEND files ,${OUT_DIR}/${name}.mqrpc.pb.h,${OUT_DIR}/${name}.mqrpc.pb.cc)
  endforeach()
endforeach()

execute_process(
  COMMAND ${PROTOC} -I${OUT_DIR} -I${MQRPC_PROTO_DIR} --plugin=protoc-gen-mqrpc=${PLUGIN} --mqrpc_out=${OUT_DIR}
          ${protos}
  COMMAND_ERROR_IS_FATAL ANY)
set(FILES ${files})
include(${CMAKE_CURRENT_LIST_DIR}/format.cmake)
