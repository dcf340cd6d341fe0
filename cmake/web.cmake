# The page: web/ built with npm and Vite, gzipped and embedded as the target ams_page, which defines
# src/server/page_files.h. Without Node.js the program is built without a page.
option(AMS_WEB "Build the page (needs Node.js and npm)" ON)
# Where the machine's own is too old, scripts/fetch_node.sh has put another there.
find_program(AMS_NODE node HINTS "${CMAKE_SOURCE_DIR}/third_party/node/bin" DOC "Builds the page")
find_program(AMS_NPM npm DOC "Installs what building the page needs")

# Vite needs this much; Debian 12's own Node.js is older.
set(ams_node_needed 20.19)
set(ams_node_version 0)
if(AMS_NODE)
  execute_process(COMMAND "${AMS_NODE}" --version OUTPUT_VARIABLE ams_node_version ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX REPLACE "^v" "" ams_node_version "${ams_node_version}")
endif()

add_library(ams_page STATIC)
target_include_directories(ams_page PUBLIC "${CMAKE_SOURCE_DIR}/src")
target_compile_features(ams_page PUBLIC cxx_std_20)

if(AMS_WEB AND AMS_NPM AND ams_node_version VERSION_GREATER_EQUAL ams_node_needed)
  set(ams_web "${CMAKE_SOURCE_DIR}/web")
  set(ams_web_build "${CMAKE_BINARY_DIR}/web")
  # npm and the programs that it starts take the first `node` they find.
  cmake_path(GET AMS_NODE PARENT_PATH ams_node_folder)
  set(ams_npm "${CMAKE_COMMAND}" -E env --modify "PATH=path_list_prepend:${ams_node_folder}" "${AMS_NPM}")
  file(MAKE_DIRECTORY "${ams_web_build}")

  add_custom_command(
    OUTPUT "${ams_web_build}/packages.stamp"
    COMMAND ${ams_npm} ci --ignore-scripts --prefer-offline --loglevel=error
    COMMAND "${CMAKE_COMMAND}" -E touch "${ams_web_build}/packages.stamp"
    DEPENDS "${ams_web}/package-lock.json" "${ams_web}/package.json"
    WORKING_DIRECTORY "${ams_web}"
    COMMENT "Installing the page's packages"
    VERBATIM)
  add_custom_command(
    OUTPUT "${ams_web_build}/page_files.cpp"
    COMMAND ${ams_npm} run --silent build -- --logLevel warn
    COMMAND "${AMS_NODE}" "${ams_web}/scripts/embed.mjs" "${ams_web}" "${ams_web_build}/page_files.cpp"
            "${ams_web_build}/page_files.d"
    DEPFILE "${ams_web_build}/page_files.d"
    DEPENDS "${ams_web_build}/packages.stamp"
            "${ams_web}/index.html"
            "${ams_web}/csp.txt"
            "${ams_web}/vite.config.ts"
            "${ams_web}/svelte.config.js"
            "${ams_web}/tsconfig.json"
            "${ams_web}/scripts/embed.mjs"
    WORKING_DIRECTORY "${ams_web}"
    COMMENT "Building the page"
    VERBATIM)
  target_sources(ams_page PRIVATE "${ams_web_build}/page_files.cpp")
  message(STATUS "page: web/, with ${AMS_NODE}")
else()
  target_sources(ams_page PRIVATE "${CMAKE_SOURCE_DIR}/src/server/page_files_none.cpp")
  message(STATUS "page: none (AMS_WEB is off, or npm or Node.js ${ams_node_needed} is missing; "
                 "found ${ams_node_version})")
endif()
