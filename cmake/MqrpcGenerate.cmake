#[=======================================================================[
mqrpc_generate(TARGET name
               PROTOS a.proto [dir/b.proto ...]
               [IMPORT_DIRS dir ...]
               [DEPENDS target ...])

Makes the library target `name` out of .proto files: their messages (x.pb.h, x.pb.cc) and the stubs
and skeletons of their services (x.mqrpc.pb.h, x.mqrpc.pb.cc; made for every file, empty where it has
no service). Link to it and write `#include "x.mqrpc.pb.h"`:

  find_package(mqrpc REQUIRED)
  mqrpc_generate(TARGET calculator_proto PROTOS calculator.proto)
  target_link_libraries(server PRIVATE calculator_proto)   # brings mqrpc::mqrpc along

PROTOS       relative to the current source directory, or absolute.
IMPORT_DIRS  where `import` and the C++ includes start from; the current source directory comes after
             them. A file is known by its path relative to the first of them that contains it:
             with `IMPORT_DIRS proto`, proto/acme/x.proto is imported, and included, as acme/x….
DEPENDS      other targets of mqrpc_generate whose files these import, or any library to link to.
             Their import directories, and those of what they depend on, are searched too.

Files of one target may import each other. Code is made anew when a file changes, or one that it
imports, however indirectly, or the plugin. mqrpc/options.proto, mqrpc/status.proto and
google/protobuf/*.proto can always be imported. The library is STATIC or SHARED as BUILD_SHARED_LIBS
says.
#]=======================================================================]

cmake_policy(PUSH)
cmake_policy(VERSION 3.22)

function(mqrpc_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET" "PROTOS;IMPORT_DIRS;DEPENDS")
  set(self "mqrpc_generate(TARGET ${arg_TARGET} ...)")
  if(NOT arg_TARGET)
    message(FATAL_ERROR "mqrpc_generate: TARGET is missing: the name of the library to make")
  elseif(arg_UNPARSED_ARGUMENTS)
    list(JOIN arg_UNPARSED_ARGUMENTS " " unknown)
    message(FATAL_ERROR "${self}: unknown argument: ${unknown}\n"
                        "It takes TARGET, PROTOS, IMPORT_DIRS and DEPENDS.")
  elseif(arg_KEYWORDS_MISSING_VALUES)
    list(JOIN arg_KEYWORDS_MISSING_VALUES " " keywords)
    message(FATAL_ERROR "${self}: nothing follows ${keywords}")
  elseif(NOT arg_PROTOS)
    message(FATAL_ERROR "${self}: PROTOS is missing: the .proto files to make code of")
  elseif(TARGET ${arg_TARGET})
    message(FATAL_ERROR "${self}: there is a target of that name already")
  endif()

  _mqrpc_import_dirs("${self}" "${arg_IMPORT_DIRS}" own_roots)
  _mqrpc_imported_roots("${self}" "${arg_DEPENDS}" imported_roots)
  set(roots ${own_roots} ${imported_roots})
  list(REMOVE_DUPLICATES roots)

  set(names "")
  foreach(proto IN LISTS arg_PROTOS)
    _mqrpc_import_name("${self}" "${proto}" "${own_roots}" name)
    if(name IN_LIST names)
      message(FATAL_ERROR "${self}: ${name} is listed twice in PROTOS")
    endif()
    list(APPEND names ${name})
  endforeach()

  if(NOT TARGET mqrpc::mqrpc)
    message(FATAL_ERROR "${self}: there is no target mqrpc::mqrpc here; "
                        "call find_package(mqrpc REQUIRED) or add_subdirectory(mqrpc) before")
  endif()

  set(out ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}-generated)
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  foreach(proto name IN ZIP_LISTS arg_PROTOS names)
    get_filename_component(proto ${proto} ABSOLUTE)
    _mqrpc_protoc(${out} ${proto} ${name} "${roots}" generated)
    list(APPEND sources ${generated})
  endforeach()

  add_library(${arg_TARGET} ${sources})
  target_link_libraries(${arg_TARGET} PUBLIC mqrpc::mqrpc ${arg_DEPENDS})
  set_target_properties(${arg_TARGET} PROPERTIES
    CXX_CLANG_TIDY ""
    UNITY_BUILD OFF
    MQRPC_PROTO_ROOTS "${roots}")
  if(MQRPC_WERROR)
    # Generated code is ours here: it has to stand our own warnings.
    target_include_directories(${arg_TARGET} PUBLIC ${out})
  else()
    # Whatever warnings its user turns on are about the user's code.
    target_include_directories(${arg_TARGET} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_compile_options(${arg_TARGET} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-w>)
  endif()
endfunction()

# The directories that names of a target's own files are relative to, the current one last.
function(_mqrpc_import_dirs self dirs out_roots)
  set(roots "")
  foreach(dir IN LISTS dirs)
    get_filename_component(root "${dir}" ABSOLUTE)
    if(NOT IS_DIRECTORY "${root}")
      message(FATAL_ERROR "${self}: IMPORT_DIRS: no such directory: ${root}")
    endif()
    list(APPEND roots ${root})
  endforeach()
  list(APPEND roots ${CMAKE_CURRENT_SOURCE_DIR})
  list(REMOVE_DUPLICATES roots)
  set(${out_roots} ${roots} PARENT_SCOPE)
endfunction()

# The roots of other targets, and mqrpc's own.
function(_mqrpc_imported_roots self targets out_roots)
  set(roots "")
  foreach(target IN LISTS targets)
    if(NOT TARGET ${target})
      message(FATAL_ERROR "${self}: DEPENDS: no such target: ${target} "
                          "(it has to be made before this one)")
    endif()
    get_target_property(target_roots ${target} MQRPC_PROTO_ROOTS)
    if(target_roots)
      list(APPEND roots ${target_roots})
    endif()
  endforeach()
  get_property(mqrpc_root GLOBAL PROPERTY MQRPC_PROTO_DIR)
  list(APPEND roots ${mqrpc_root})
  set(${out_roots} ${roots} PARENT_SCOPE)
endfunction()

# What protoc and `import` call a file: its path relative to the first root that contains it.
function(_mqrpc_import_name self proto roots out_name)
  get_filename_component(file "${proto}" ABSOLUTE)
  get_source_file_property(is_generated "${file}" GENERATED)
  if(NOT proto MATCHES "\\.proto$")
    message(FATAL_ERROR "${self}: PROTOS: not a .proto file: ${proto}")
  elseif(NOT is_generated AND NOT EXISTS "${file}")
    message(FATAL_ERROR "${self}: PROTOS: no such file: ${file}")
  endif()
  foreach(root IN LISTS roots)
    file(RELATIVE_PATH name "${root}" "${file}")
    if(NOT IS_ABSOLUTE "${name}" AND NOT name MATCHES "^\\.\\./")
      set(${out_name} ${name} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  list(JOIN roots "\n  " searched)
  message(FATAL_ERROR "${self}: PROTOS: ${file} is in none of the import directories:\n"
                      "  ${searched}\nAdd the one that its name is relative to to IMPORT_DIRS.")
endfunction()

# The rule that makes the four files of one .proto.
function(_mqrpc_protoc out proto name roots out_files)
  # protoc comes from whichever directory found protobuf, and an imported target is not seen
  # everywhere: then its path is known.
  if(TARGET protobuf::protoc)
    set(protoc $<TARGET_FILE:protobuf::protoc>)
  else()
    get_property(protoc GLOBAL PROPERTY MQRPC_PROTOC)
  endif()
  set(plugin $<TARGET_FILE:mqrpc::protoc-gen-mqrpc>)

  set(import_flags "")
  foreach(root IN LISTS roots)
    list(APPEND import_flags "-I${root}")
  endforeach()
  string(REGEX REPLACE "\\.proto$" "" stem "${out}/${name}")
  # Sorted as protoc sorts them in the dependency file: Ninja compares the first.
  set(files ${stem}.mqrpc.pb.cc ${stem}.mqrpc.pb.h ${stem}.pb.cc ${stem}.pb.h)
  set(escape_depfile "")
  if("${out}${roots}" MATCHES " ")
    set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/MqrpcEscapeDepfile.cmake)
    set(escape_depfile COMMAND ${CMAKE_COMMAND} "-DDEPFILE=${stem}.d" -P ${script})
  endif()
  add_custom_command(
    OUTPUT ${files}
    COMMAND ${protoc} ${import_flags} "--cpp_out=${out}"
            "--plugin=protoc-gen-mqrpc=${plugin}" "--mqrpc_out=${out}"
            "--dependency_out=${stem}.d" ${name}
    ${escape_depfile}
    DEPENDS ${proto} ${plugin} mqrpc::protoc-gen-mqrpc
    DEPFILE ${stem}.d
    COMMENT "Generating code of ${name}"
    VERBATIM)
  get_filename_component(directory "${stem}" DIRECTORY)
  file(MAKE_DIRECTORY "${directory}")

  set(${out_files} ${files} PARENT_SCOPE)
endfunction()

cmake_policy(POP)
