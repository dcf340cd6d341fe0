#include "server/markdown_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ams {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page(const char* markdown) { return markdown_page("T", "/docs.css", markdown); }

TEST(MarkdownPage, text_is_escaped) {
  EXPECT_THAT(page("a <b> & `<i>`"),
              HasSubstr("<p>a &lt;b&gt; &amp; <code>&lt;i&gt;</code>\n</p>"));
  EXPECT_THAT(page("<script>x</script>"), Not(HasSubstr("<script>")));
}

TEST(MarkdownPage, tables_have_a_head_and_bars_in_cells) {
  EXPECT_THAT(page("| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 |"),
              HasSubstr("<table><tr><th> a </th><th> b </th></tr>\n<tr><td> 1 | 2 </td>"
                        "<td> 3 </td></tr>\n</table>"));
}

TEST(MarkdownPage, blocks_end_where_others_begin) {
  EXPECT_THAT(page("# A\n- x\n- y\ntext\n```sh\na | b\n```\n## B"),
              HasSubstr("<h1>A</h1>\n<ul><li>x</li>\n<li>y</li>\n</ul>\n<p>text\n</p>\n"
                        "<pre>a | b\n</pre>\n<h2>B</h2>"));
}

}  // namespace
}  // namespace ams
