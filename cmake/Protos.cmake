# pregao_protos(NAME FOLDER files…): C++ of the .proto files below FOLDER, with their gRPC clients, as the library NAME.
# Generated code is large and waits for the network: -O1, no warnings, no sanitizers. It changes with its version only,
# so ccache has it.
find_package(Protobuf REQUIRED)
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
pkg_check_modules(grpcpp REQUIRED IMPORTED_TARGET grpc++)
function(pregao_protos name folder)
  set(out ${CMAKE_BINARY_DIR}/protos/${name})
  file(MAKE_DIRECTORY ${out})
  foreach(file ${ARGN})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(made ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(client "")
    file(STRINGS ${folder}/${file} services REGEX "^service ")
    if(services)  # gRPC's headers take seconds to compile
      list(APPEND made ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      set(client --grpc_out=${out} --plugin=protoc-gen-grpc=${GRPC_PLUGIN})
    endif()
    add_custom_command(OUTPUT ${made} DEPENDS ${folder}/${file} VERBATIM
      COMMAND ${PROTOC} -I${folder} --cpp_out=${out} ${client} ${file})
    list(APPEND sources ${made})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC PkgConfig::grpcpp protobuf::libprotobuf)
  target_compile_options(${name} PRIVATE -w -O1 -fno-sanitize=all)
endfunction()
