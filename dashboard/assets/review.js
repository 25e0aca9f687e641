// Moves the time axis of the review without asking the server. The shown range lives in the store `review-range`,
// [from, to] in seconds since the start; `review-axis` tells its start (ms since 1970) and length (s).
(function () {
  "use strict";
  var LEAST = 60;  // s: a window smaller than a minute shows nothing new
  var axis = null, shown = null;

  function charts() {
    return ["review-timeline", "review-lanes", "student-chart"].map(function (id) {
      var graph = document.getElementById(id);
      return graph && graph.querySelector(".js-plotly-plot");
    }).filter(function (plot) { return plot && plot.layout && plot.layout.xaxis; });
  }

  function clock(seconds) {
    var at = new Date(axis.start + seconds * 1000);
    return String(at.getHours()).padStart(2, "0") + ":" + String(at.getMinutes()).padStart(2, "0");
  }

  // The same round times as review_figures.ticks.
  function ticks(from, to) {
    var most = matchMedia("(max-width: 480px)").matches ? 5 : 10;
    var step = [60, 120, 300, 600, 900, 1800, 3600].find(function (s) { return (to - from) / s <= most; }) || 7200;
    var at = [], text = [];
    for (var s = Math.ceil(from / step) * step; s <= to; s += step) {
      at.push(s);
      text.push(clock(s) + "<br>" + Math.floor(s / 60) + " min");
    }
    return { at: at, text: text };
  }

  function fit(from, to) {
    var wide = Math.min(Math.max(to - from, LEAST), axis.length);
    from = Math.min(Math.max(0, from), axis.length - wide);
    return [Math.round(from), Math.round(from + wide)];
  }

  function same(a, b) { return a && b && Math.abs(a[0] - b[0]) < 1 && Math.abs(a[1] - b[1]) < 1; }

  function move(from, to) {
    if (!axis) return;
    var range = fit(from, to);
    if (!same(range, shown)) window.dash_clientside.set_props("review-range", { data: range });
  }

  // Draws a range: called by Dash whenever the store changes.
  function draw(range) {
    shown = range;
    var marks = ticks(range[0], range[1]);
    charts().forEach(function (plot) {
      if (same(plot.layout.xaxis.range, range) && String(plot.layout.xaxis.tickvals) === String(marks.at)) return;
      window.Plotly.relayout(plot, {
        "xaxis.range": range.slice(), "xaxis.autorange": false, "xaxis.tickvals": marks.at, "xaxis.ticktext": marks.text
      });
    });
    // Kept in the address without loading anything, so that "back" returns to the same stretch.
    var whole = same(range, [0, axis.length]);
    var query = new URLSearchParams(location.search);
    query.delete("from"); query.delete("to");
    if (!whole) { query.set("from", range[0]); query.set("to", range[1]); }
    var search = query.toString();
    history.replaceState(history.state, "", location.pathname + (search ? "?" + search : "") + location.hash);
    return [clock(range[0]), clock(range[1])];
  }

  function step(kind) {
    var wide = shown[1] - shown[0], middle = (shown[0] + shown[1]) / 2;
    if (kind === "in") move(middle - wide / 4, middle + wide / 4);
    if (kind === "out") move(middle - wide, middle + wide);
    if (kind === "left") move(shown[0] - wide / 4, shown[1] - wide / 4);
    if (kind === "right") move(shown[0] + wide / 4, shown[1] + wide / 4);
    if (kind === "all") move(0, axis.length);
  }

  document.addEventListener("click", function (event) {
    var zoom = event.target.closest && event.target.closest("[data-zoom]");
    if (zoom && shown) step(zoom.dataset.zoom);
    var moment = event.target.closest && event.target.closest("[data-at]");
    if (moment && shown) {
      var at = Number(moment.dataset.at), half = Math.min(600, axis.length / 4);
      move(at - half, at + half);
      var chart = document.getElementById("timeline");
      if (chart) {
        var calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        chart.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
      }
    }
  });

  document.addEventListener("keydown", function (event) {
    var chart = event.target.closest && event.target.closest(".chart[tabindex]");
    if (!chart || event.target !== chart || !shown || event.ctrlKey || event.metaKey || event.altKey) return;
    var kind = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", Home: "all" }[event.key];
    if (kind) { step(kind); event.preventDefault(); }
  });

  function seconds(text) {
    var parts = /^\s*(\d{1,2})[:.](\d{2})\s*$/.exec(text || "");
    if (!parts) return null;
    var start = new Date(axis.start), at = new Date(axis.start);
    at.setHours(Number(parts[1]), Number(parts[2]), 0, 0);
    var found = (at - start) / 1000;
    while (found < -43200) found += 86400;  // a session past midnight
    if (found < 0 && found > -60) found = 0;  // the minute in which it starts
    return found < 0 || found > axis.length + 60 ? null : found;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside);
  window.dash_clientside.review = {
    draw: function (range, told) {
      var none = window.dash_clientside.no_update;
      if (!told || !range) return [none, none];
      axis = told;
      return draw(range);
    },
    // The session runs and has grown: at its end, the shown stretch moves along.
    grown: function (told) {
      if (told && axis) {
        axis.length = told.length;
        move(told.shown[0], told.shown[1]);
      }
      return window.dash_clientside.no_update;
    },
    // The two boxes: a time that cannot be read puts the old one back.
    typed: function (from, to) {
      var none = window.dash_clientside.no_update;
      if (!axis || !shown || (from === clock(shown[0]) && to === clock(shown[1]))) return none;
      var a = from === clock(shown[0]) ? shown[0] : seconds(from), b = to === clock(shown[1]) ? shown[1] : seconds(to);
      if (a === null || b === null || b <= a) {
        window.dash_clientside.set_props("review-from", { value: clock(shown[0]) });
        window.dash_clientside.set_props("review-to", { value: clock(shown[1]) });
      } else {
        move(a, b);
      }
      return none;
    },
    // The mouse drew a stretch, or a double click asked for all. What `draw` caused itself tells its ticks too.
    dragged: function (told) {
      var none = window.dash_clientside.no_update;
      if (!told || !axis || !shown || told["xaxis.tickvals"]) return none;
      if (told["xaxis.autorange"]) { move(0, axis.length); return none; }
      var both = told["xaxis.range"] || [told["xaxis.range[0]"], told["xaxis.range[1]"]];
      if (both[0] !== undefined && both[1] !== undefined) move(both[0], both[1]);
      return none;
    }
  };
})();
