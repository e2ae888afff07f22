#include "mining/gallery_page.h"

#include "core/error.h"
#include "core/text.h"

namespace eyechart::mining {
namespace {

// In order: near model, near_min, far model, far_max.
constexpr const char* kExplanation =
    "Each card shows two pictures that are almost the same to "
    "<b class=\"near\">{}</b> (cosine above {}) and clearly different to "
    "<b class=\"far\">{}</b> (cosine below {}). "
    "A cosine compares what a model makes of two pictures, from 1 for "
    "“the same” to −1 for “opposite”: where the two models part ways, the "
    "first one overlooks something that is there to be seen.";

constexpr std::string_view kToolbar = R"html(
<div class="toolbar" role="toolbar" aria-label="Order and filter">
  <div class="segments" role="group" aria-label="Sort by">
    <button type="button" data-sort="gap" aria-pressed="true">Gap</button>
    <button type="button" data-sort="near" aria-pressed="false">Near</button>
    <button type="button" data-sort="far" aria-pressed="false">Far</button>
    <button type="button" data-sort="label" aria-pressed="false">Label</button>
  </div>
  <label class="field">
    <span class="hidden">Filter by name, label or id</span>
    <input id="filter" type="search" placeholder="Filter by name, label or id"
           autocomplete="off" spellcheck="false">
  </label>
  <label class="choice" id="classes-field">
    <span class="hidden">Classes</span>
    <select id="classes">
      <option value="all">All classes</option>
      <option value="within">Within one class</option>
      <option value="across">Across classes</option>
    </select>
  </label>
  <label class="choice" id="pattern-field">
    <span class="hidden">Pattern</span>
    <select id="pattern"><option value="">All patterns</option></select>
  </label>
  <label class="range" id="least-field">Gap from
    <output id="least-value" for="least"></output>
    <input id="least" type="range" step="0.01">
  </label>
  <label class="check" id="copies-field">
    <input id="copies" type="checkbox"> Show copies
  </label>
  <span id="count" role="status" aria-live="polite"></span>
  <button type="button" id="help-button" class="round"
          aria-label="Keyboard help" aria-haspopup="dialog">?</button>
</div>
)html";

constexpr std::string_view kBody = R"html(
<ol id="cards" aria-label="Blind pairs"></ol>
<p id="empty" hidden></p>
<noscript><p class="notice">The pairs are drawn by a small script inside this
page; this browser has scripts turned off. The same pairs are in
pairs.csv.</p></noscript>
</main>
<dialog id="large" aria-label="Pair, enlarged">
  <form method="dialog"><button class="round" aria-label="Close">×</button>
  </form>
  <div id="large-body"></div>
</dialog>
<dialog id="help" aria-labelledby="help-title">
  <form method="dialog"><button class="round" aria-label="Close">×</button>
  </form>
  <h2 id="help-title">Keyboard</h2>
  <dl>
    <dt><kbd>j</kbd> <kbd>→</kbd></dt><dd>next pair</dd>
    <dt><kbd>k</kbd> <kbd>←</kbd></dt><dd>previous pair</dd>
    <dt><kbd>↓</kbd> <kbd>↑</kbd></dt><dd>one row down, one row up</dd>
    <dt><kbd>Home</kbd> <kbd>End</kbd></dt><dd>first pair, last pair</dd>
    <dt><kbd>Enter</kbd></dt><dd>enlarge the pair; again or Esc closes</dd>
    <dt><kbd>s</kbd></dt><dd>next sort order</dd>
    <dt><kbd>l</kbd></dt><dd>pairs within a class, across classes, all</dd>
    <dt><kbd>p</kbd></dt><dd>next pattern</dd>
    <dt><kbd>+</kbd> <kbd>−</kbd></dt><dd>greater, smaller least gap</dd>
    <dt><kbd>c</kbd></dt><dd>show or hide copies</dd>
    <dt><kbd>/</kbd></dt><dd>filter; Esc leaves the field</dd>
    <dt><kbd>?</kbd></dt><dd>this help</dd>
  </dl>
</dialog>
)html";

std::string Head(const GalleryPage& page) {
  std::string html = fmt::format(
      "<header>\n<p class=\"brand\">eyechart mine</p>\n"
      "<h1>Alike to {}, different to {}</h1>\n<p class=\"lead\">",
      EscapeHtml(page.near_model), EscapeHtml(page.far_model));
  html += fmt::format(fmt::runtime(kExplanation), EscapeHtml(page.near_model),
                      FormatDouble(page.near_min), EscapeHtml(page.far_model),
                      FormatDouble(page.far_max));
  html += "</p>\n<dl class=\"facts\">\n";
  for (const GalleryFact& fact : page.facts) {
    html += fmt::format("<div><dt>{}", EscapeHtml(fact.name));
    if (!fact.note.empty())
      html += fmt::format("<small>{}</small>", EscapeHtml(fact.note));
    html += fmt::format("</dt><dd>{}</dd></div>\n", EscapeHtml(fact.value));
  }
  html += "</dl>\n";
  if (!page.figure.empty())
    html +=
        "<details class=\"map\" open><summary>All pairs by both cosines"
        "</summary>\n" +
        page.figure + "</details>\n";
  if (!page.command.empty())
    html += fmt::format(
        "<details class=\"command\"><summary>Make this page again</summary>"
        "<pre><code>{}</code></pre></details>\n",
        EscapeHtml(page.command));
  return html + "</header>\n";
}

// JSON in ASCII without the characters that mean something to HTML: no
// </script>, no comment, no line separators that scripts once broke at.
std::string ScriptSafe(const Json& data) {
  const std::string json =
      data.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string RenderGalleryPage(const GalleryPage& page) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n";
  html += fmt::format("<title>Blind pairs: {} and {}</title>\n",
                      EscapeHtml(page.near_model), EscapeHtml(page.far_model));
  html += "<style>";
  html += GalleryStyle();
  html += "</style>\n</head>\n<body>\n<main>\n";
  html += Head(page);
  html += kToolbar;
  html += kBody;
  html += "<script type=\"application/json\" id=\"data\">";
  html += ScriptSafe(page.data);
  html += "</script>\n<script>";
  html += GalleryScript();
  html += "</script>\n</body>\n</html>\n";
  return html;
}

}  // namespace eyechart::mining
