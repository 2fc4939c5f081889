# SPDX-License-Identifier: Apache-2.0
# embed.cmake - writes the C table of page_files.h: cmake -DOUTPUT=FILE.c -DFOLDER=DIR -P embed.cmake
set(types "html|text/html^ charset=utf-8" "css|text/css^ charset=utf-8"
          "js|text/javascript^ charset=utf-8" "svg|image/svg+xml")
file(GLOB files ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  foreach(type ${types})
    string(REPLACE "|" ";" pair "${type}")
    list(GET pair 0 key)
    if(extension STREQUAL ".${key}")
      list(GET pair 1 said)
      string(REPLACE "^" ";" said "${said}")
    endif()
  endforeach()
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", \"${said}\", file_${number}, sizeof file_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Written by scheduler/page/embed.cmake. */
#include \"scheduler/page_files.h\"

${arrays}
const struct page_file page_files[] = {
${rows}    {0},
};
")
