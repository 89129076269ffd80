# cmake -DCLANG_FORMAT=… -DSTYLE=.clang-format -DFILES=a.h,b.cc -P format.cmake
#
# Fails if clang-format would change one of the files.

string(REPLACE "," ";" files "${FILES}")
set(changed "")
foreach(file IN LISTS files)
  execute_process(
    COMMAND ${CLANG_FORMAT} --style=file:${STYLE} ${file}
    OUTPUT_VARIABLE formatted
    COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${file} text)
  if(NOT formatted STREQUAL text)
    file(WRITE ${file}.formatted "${formatted}")
    execute_process(COMMAND diff -u ${file} ${file}.formatted)
    list(APPEND changed ${file})
  endif()
endforeach()
if(changed)
  message(FATAL_ERROR "clang-format changes ${changed}")
endif()
