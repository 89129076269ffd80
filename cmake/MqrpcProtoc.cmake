# Remembers where protoc is, for mqrpc_generate() in directories that do not see protobuf's imported
# targets: those of a project that has mqrpc as a subdirectory.

set(protoc $<TARGET_FILE:protobuf::protoc>)
get_target_property(is_imported protobuf::protoc IMPORTED)
if(is_imported)
  get_target_property(configurations protobuf::protoc IMPORTED_CONFIGURATIONS)
  foreach(property IN ITEMS IMPORTED_LOCATION ${configurations})
    if(NOT property STREQUAL "IMPORTED_LOCATION")
      set(property IMPORTED_LOCATION_${property})
    endif()
    get_target_property(location protobuf::protoc ${property})
    if(location)
      set(protoc ${location})
      break()
    endif()
  endforeach()
endif()
set_property(GLOBAL PROPERTY MQRPC_PROTOC ${protoc})
