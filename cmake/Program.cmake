# build/<preset>/pregao, with the two libraries it loads in lib/ beside it so that the folder can be moved.
add_executable(pregao ${CMAKE_SOURCE_DIR}/src/cli/main.cc)
target_link_libraries(pregao PRIVATE pregao_cli)
set_target_properties(pregao PROPERTIES BUILD_RPATH "$ORIGIN/lib" RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
add_custom_command(TARGET pregao POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/lib
  COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_FILE:Arrow::arrow> $<TARGET_FILE:Arrow::parquet> ${CMAKE_BINARY_DIR}/lib)
