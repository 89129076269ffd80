# cmake -DCOMPILER=… -DINCLUDES=dir,dir -DSOURCE=uses_deprecated.cc -P deprecated.cmake
#
# Fails unless the compiler warns of deprecated declarations on those lines of SOURCE that say so,
# and nowhere else.

string(REPLACE "," ";-I" includes "-I${INCLUDES}")
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} -std=c++20 -fsyntax-only -Wdeprecated-declarations ${includes} ${SOURCE}
  ERROR_VARIABLE output
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} does not compile:\n${output}")
endif()
string(REGEX MATCHALL "[^\n]+: warning: [^\n]*" warnings "${output}")
set(warned "")
foreach(warning IN LISTS warnings)
  if(NOT warning MATCHES "uses_deprecated.cc:([0-9]+):.*deprecated")
    message(FATAL_ERROR "unexpected: ${warning}")
  endif()
  list(APPEND warned ${CMAKE_MATCH_1})
endforeach()
list(REMOVE_DUPLICATES warned)

execute_process(COMMAND grep -n "; *// warns$" ${SOURCE} OUTPUT_VARIABLE marked)
string(REGEX REPLACE ":[^\n]*\n" "," marked "${marked}")
string(REGEX MATCHALL "[0-9]+" marked "${marked}")
if(NOT warned STREQUAL marked)
  message(FATAL_ERROR "warned of lines ${warned}, and not of ${marked}:\n${output}")
endif()
