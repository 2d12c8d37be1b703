# Writes SOURCE, a C++ file that holds the bytes of CATALOGUE:
#   cmake -D CATALOGUE=x.mo -D SOURCE=x.cpp -P embed.cmake
file(READ ${CATALOGUE} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REPEAT "....." 16 row)
string(REGEX REPLACE "(${row})" "\\1\n    " bytes "${bytes}")
file(WRITE ${SOURCE} "// Made by vm/base/po/embed.cmake from pt_BR.po; do not edit.
#include <cstddef>

namespace gilvm {

extern const unsigned char kPortugueseCatalogue[];
extern const std::size_t kPortugueseCatalogueSize;

const unsigned char kPortugueseCatalogue[] = {
    ${bytes}
};
const std::size_t kPortugueseCatalogueSize = sizeof(kPortugueseCatalogue);

}  // namespace gilvm
")
