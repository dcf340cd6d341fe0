# Run by the build when the checked-out commit changes: writes OUTPUT with VERSION and the commit.
execute_process(COMMAND git rev-parse --short=8 HEAD WORKING_DIRECTORY "${SOURCE_DIR}"
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit unknown)
endif()
file(WRITE "${OUTPUT}" "#include \"base/build_info.h\"

namespace ams {

std::string_view version() { return \"${VERSION}\"; }
std::string_view commit() { return \"${commit}\"; }

}  // namespace ams
")
