# Finds libmosquitto, the client library.
#
#   mosquitto::mosquitto         the library to link to
#   Mosquitto_FOUND, Mosquitto_VERSION
#
# Cache entries: Mosquitto_INCLUDE_DIR, Mosquitto_LIBRARY. pkg-config is asked where to look, when it
# is there.

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_Mosquitto QUIET libmosquitto)
endif()

find_path(Mosquitto_INCLUDE_DIR NAMES mosquitto.h HINTS ${PC_Mosquitto_INCLUDE_DIRS})
find_library(Mosquitto_LIBRARY NAMES mosquitto HINTS ${PC_Mosquitto_LIBRARY_DIRS})
mark_as_advanced(Mosquitto_INCLUDE_DIR Mosquitto_LIBRARY)

if(Mosquitto_INCLUDE_DIR)
  set(_mosquitto_version "")
  foreach(_part IN ITEMS MAJOR MINOR REVISION)
    file(STRINGS ${Mosquitto_INCLUDE_DIR}/mosquitto.h _mosquitto_line
      REGEX "^#define[ \t]+LIBMOSQUITTO_${_part}[ \t]+[0-9]+")
    if(_mosquitto_line MATCHES "([0-9]+)[ \t]*$")
      list(APPEND _mosquitto_version ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(JOIN _mosquitto_version "." Mosquitto_VERSION)
  if(NOT Mosquitto_VERSION)
    set(Mosquitto_VERSION ${PC_Mosquitto_VERSION})
  endif()
  unset(_mosquitto_version)
  unset(_mosquitto_line)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Mosquitto
  REQUIRED_VARS Mosquitto_LIBRARY Mosquitto_INCLUDE_DIR
  VERSION_VAR Mosquitto_VERSION
  REASON_FAILURE_MESSAGE "on Debian and Ubuntu it is in the package libmosquitto-dev")

if(Mosquitto_FOUND AND NOT TARGET mosquitto::mosquitto)
  add_library(mosquitto::mosquitto UNKNOWN IMPORTED)
  set_target_properties(mosquitto::mosquitto PROPERTIES
    IMPORTED_LOCATION ${Mosquitto_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Mosquitto_INCLUDE_DIR})
endif()
