// What axe-core cannot see, asked of a page in a real browser. Each probe gives a list of complaints; none is good.
(() => {
  const INTERACTIVE = "a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex='0']";
  const named = (el) => `${el.tagName.toLowerCase()}${el.id ? "#" + el.id : ""}${el.dataset.key ? "[" + el.dataset.key + "]" : ""} “${(el.textContent || el.value || "").trim().replace(/\s+/g, " ").slice(0, 24)}”`;
  const hidden = (el) => el.closest(".visually-hidden, .default-key, [hidden]") || !el.checkVisibility({ checkVisibilityCSS: true, contentVisibilityAuto: true });
  const boxed = (el) => { const box = el.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
  const reachable = () => [...document.querySelectorAll(INTERACTIVE)].filter((el) => el.tabIndex >= 0 && !el.disabled && !hidden(el) && boxed(el));

  // WCAG 1.4.10, 1.4.4: nothing but tables is wider than the window, and no words are cut off.
  function overflow() {
    const width = document.documentElement.clientWidth;
    const found = [];
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide in ${width}`);
    const wide = new Set();
    for (const el of document.querySelectorAll("body *")) {
      if (el.closest(".wide, svg, dialog:not([open])") || hidden(el) || !boxed(el)) continue;
      const box = el.getBoundingClientRect();
      if (box.right <= width + 1 && box.left >= -1) continue;
      wide.add(el);
      if (!wide.has(el.parentElement)) found.push(`${named(el)} reaches from ${Math.round(box.left)} to ${Math.round(box.right)} in ${width}`);
    }
    for (const el of document.querySelectorAll("body *")) {
      const style = getComputedStyle(el);
      if (!["hidden", "clip"].includes(style.overflowX) || hidden(el)) continue;
      const words = document.createRange();
      words.selectNodeContents(el);
      const [inner, outer] = [words.getBoundingClientRect(), el.getBoundingClientRect()];
      if (inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1) found.push(`the words of ${named(el)} are cut off`);
    }
    return found;
  }

  // WCAG 2.5.8, stricter than axe: 24 by 24 always, but for links within a sentence.
  function targets() {
    return reachable().filter((el) => !el.matches("[tabindex='0']:not(a, button, input)")).filter((el) => {
      const box = el.getBoundingClientRect();
      const inSentence = el.matches("a") && getComputedStyle(el).display === "inline" && el.parentElement.textContent.trim() !== el.textContent.trim();
      return !inSentence && (box.width < 23.9 || box.height < 23.9);
    }).map((el) => { const box = el.getBoundingClientRect(); return `${named(el)} is ${Math.round(box.width)} by ${Math.round(box.height)}`; });
  }

  const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  function luminance(colour) {
    const [r, g, b] = channels(colour).map((one) => { const part = one / 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function contrast(one, other) {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  }
  function ground(el) {
    for (let at = el; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor, parts = channels(colour);
      if (parts.length && (parts.length < 4 || parts[3] > 0)) return colour;
    }
    return "rgb(255, 255, 255)";
  }

  // WCAG 2.4.7, 1.4.11, 2.4.11 for whatever Tab reaches: a ring of two colours, one of which stands out from any ground, in sight.
  function focus({ forced = false } = {}) {
    const found = [];
    for (const el of reachable()) {
      el.focus();
      if (document.activeElement !== el) { found.push(`${named(el)} takes no focus`); continue; }
      const style = getComputedStyle(el), behind = ground(el.parentElement || el);
      if (style.outlineStyle !== "solid" || parseFloat(style.outlineWidth) < 2) found.push(`${named(el)} has no ring: ${style.outlineStyle} ${style.outlineWidth}`);
      else if (!forced) {
        const lines = [style.outlineColor, ...(style.boxShadow.match(/rgba?\([^)]*\)/g) || [])];
        if (!lines.some((line) => contrast(line, behind) >= 3)) found.push(`${named(el)}: ${lines} on ${behind}`);
        if (contrast(lines[0], lines[lines.length - 1]) < 9) found.push(`${named(el)}: the two lines of the ring are alike`);
      }
      const covered = cover(el);
      if (covered) found.push(`${named(el)} ${covered}`);
    }
    return found;
  }

  function cover(el) {
    const box = el.getBoundingClientRect();
    if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return "is out of sight when it has the focus";
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight), left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    const points = [[(left + right) / 2, top + 3], [(left + right) / 2, bottom - 3], [left + 3, (top + bottom) / 2]];
    const seen = points.filter(([x, y]) => {
      const there = document.elementFromPoint(x, y);
      return there && (el.contains(there) || there.contains(el) || (el.labels && [...el.labels].some((label) => label.contains(there))));
    });
    // What is taller than the window cannot be seen whole.
    return seen.length === points.length || (box.height > innerHeight / 2 && seen.length) ? "" : "is covered when it has the focus";
  }

  // The stops Tab makes, in order; what has been met is told by ``stops()``.
  function watch() {
    window.cssStops = [];
    document.addEventListener("focusin", (event) => window.cssStops.push(event.target.id || event.target.dataset.key || named(event.target)), true);
  }

  // WCAG 2.3.3 and 2.2.2: nothing moves by itself.
  const moves = () => document.getAnimations().map((one) => `${named(one.effect.target)} moves`);

  // WCAG 1.4.12: as loose as a reader may set it. A constructed sheet is the one kind the policy lets in.
  function loosen() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }");
    document.adoptedStyleSheets = [sheet];
  }
  const tighten = () => { document.adoptedStyleSheets = []; };

  window.cssProbes = { overflow, targets, focus, watch, moves, loosen, tighten, reachable: () => reachable().map((el) => el.id || el.dataset.key || named(el)) };
})();
