# protoc writes its dependency file without escaping the spaces of paths; this does it.
#
#   cmake -DDEPFILE=x.d -P MqrpcEscapeDepfile.cmake

cmake_minimum_required(VERSION 3.22)
file(READ "${DEPFILE}" text)
# What parts paths: a backslash and a line end, or the colon after the last output.
string(REGEX REPLACE " *\\\\\n *" "\n" text "${text}")
string(REPLACE ".pb.h: " ".pb.h:\n" text "${text}")
string(REPLACE " " "\\ " text "${text}")
string(REPLACE "\n" " \\\n" text "${text}")
file(WRITE "${DEPFILE}" "${text}\n")
