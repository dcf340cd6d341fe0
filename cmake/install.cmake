# What `cmake --install` puts on a machine, and the Debian package that CPack makes of it (docs/deploy.md).
include(GNUInstallDirs)
install(TARGETS ams RUNTIME)
install(FILES LICENSE docs/deploy.md docs/models.md docs/operations.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES deploy/debian/copyright DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES web/public/licences.txt DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME page-licences.txt)
install(FILES deploy/ams.service DESTINATION lib/systemd/system)
install(PROGRAMS deploy/healthcheck.sh DESTINATION "${CMAKE_INSTALL_DATADIR}/ams")
# The program looks for models in share/ams/models, too (near_program() of cli/environment.cpp).
if(EXISTS "${CMAKE_SOURCE_DIR}/models/demo")
  install(DIRECTORY models/demo DESTINATION "${CMAKE_INSTALL_DATADIR}/ams/models")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ams)
set(CPACK_PACKAGE_CONTACT "The authors of ACE Music Studio <ams@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "complete songs from text with ACE-Step 1.5")
set(CPACK_PACKAGE_DESCRIPTION "Command line, HTTP server and web page in one native program.
It needs an x86-64-v3 processor (AVX2, FMA, F16C: Intel since 2013, AMD since 2015)
and uses AVX-512 where it is present. Models are downloaded by 'ams pull'.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_VERSION "${PROJECT_VERSION}")
if(AMS_NATIVE)
  string(APPEND CPACK_DEBIAN_PACKAGE_VERSION "+native")  # it might not start on another machine
endif()
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/deploy/debian/postinst"
                                       "${CMAKE_SOURCE_DIR}/deploy/debian/prerm")
if(AMS_CUDA)
  # CUDA's own libraries are in no Debian package: they are to be there, as in the image `cuda`.
  set(CPACK_PACKAGE_NAME ams-cuda)
  set(CPACK_DEBIAN_PACKAGE_CONFLICTS ams)
  set(CPACK_DEBIAN_PACKAGE_PROVIDES ams)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CUDAToolkit_LIBRARY_DIR}"
                                                  "${CUDAToolkit_LIBRARY_DIR}/stubs")
endif()
include(CPack)
