# Run by every build: writes OUTPUT if VERSION or the commit of SOURCE_DIR changed.
if(NOT COMMIT)
  find_program(GIT git)
  if(GIT AND EXISTS ${SOURCE_DIR}/.git)
    execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                    OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
if(NOT COMMIT)
  set(COMMIT unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "podcron_version.h"

namespace podcron {

const std::string_view kVersion = "@VERSION@";
const std::string_view kCommit = "@COMMIT@";

}  // namespace podcron
]])
