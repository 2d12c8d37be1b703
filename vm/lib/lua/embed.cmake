# Writes SOURCE, a C++ file that holds the text of each of MODULES:
#   cmake -D "MODULES=a.lua;b.lua" -D SOURCE=x.cpp -P embed.cmake
set(texts "")
foreach(module ${MODULES})
  get_filename_component(name ${module} NAME_WLE)  # a module may have dots in its name
  # Bytes, not the text: CMake's lists and C++'s string literals each have characters of their own.
  file(READ ${module} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${bytes}")
  string(REPEAT "...." 24 row)
  string(REGEX REPLACE "(${row})" "\\1\"\n     \"" bytes "${bytes}")
  file(SIZE ${module} size)
  # Of a package? asyncio.events is, since there is asyncio; concurrent.futures is none.
  get_filename_component(folder ${module} DIRECTORY)
  string(REGEX REPLACE "\\.[^.]*$" "" package ${name})
  set(is_part false)
  if(NOT package STREQUAL name AND EXISTS ${folder}/${package}.lua)
    set(is_part true)
  endif()
  string(APPEND texts "    {\"${name}\", {\"${bytes}\", ${size}}, ${is_part}},\n")
endforeach()
file(WRITE ${SOURCE} "// Made by vm/lib/lua/embed.cmake; do not edit.
#include \"vm/lib/embedded_modules.h\"

namespace gilvm {

const EmbeddedModule kEmbeddedModules[] = {
${texts}    {nullptr, {}, false},
};

}  // namespace gilvm
")
