// Draws the charts of the review and the student page, and moves their time axis without asking the server. They
// are drawn here rather than by Dash, which would draw each anew at every move and go through the whole page at every
// hover. The shown range is [from, to] in seconds since the start; `review-axis` tells its start (ms since 1970) and
// length (s); `review-range` is told the range when it rests.
(function () {
  "use strict";
  var LEAST = 60;  // s: a window smaller than a minute shows nothing new
  var REST = 200;  // ms without a move, after which the boxes, the address and the server are told
  var CONFIG = { displayModeBar: false, doubleClick: false, showTips: false };
  var CHARTS = ["review-timeline", "review-lanes", "student-chart"];
  var BOXES = ["review-from", "review-to"];
  var axis = null, shown = null, resting = 0, drawing = 0;

  function plotOf(id) { return document.querySelector("#" + id + " .plot"); }

  // The charts that are drawn; a plot that has left the page is let go.
  var drawn = [];
  function charts() {
    drawn = drawn.filter(function (plot) {
      if (!plot.isConnected) window.Plotly.purge(plot);
      return plot.isConnected;
    });
    return drawn;
  }

  function clock(seconds) {
    var at = new Date(axis.start + seconds * 1000);
    return String(at.getHours()).padStart(2, "0") + ":" + String(at.getMinutes()).padStart(2, "0");
  }

  // The same round times as review_figures.ticks.
  function ticks(from, to) {
    var most = matchMedia("(max-width: 480px)").matches ? 4 : 10;
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
    if (same(range, shown)) return;
    shown = range;
    redraw();
    rest();
  }

  // Annotations with such a name are shown where there is room: `after`, from a mark on and before the next;
  // `over`, around the middle of a stretch not much narrower than its words, and beside the last one shown.
  var NAME = /^(after|over) (\d+) (\d+) (\d+)$/, LETTER = 6.8, GAP = 16, WIDER = 8;

  // They are hidden in the page: to have Plotly draw them anew takes several times as long as the move itself.
  function showNotes(place) {
    var margin = place.layout.margin, room = place.clientWidth - margin.l - margin.r;
    var scale = room / (shown[1] - shown[0]), free = -Infinity;
    (place.layout.annotations || []).forEach(function (note, number) {
      var told = NAME.exec(note.name || "");
      if (!told) return;
      var from = (told[2] - shown[0]) * scale, to = (told[3] - shown[0]) * scale, wide = told[4] * LETTER + GAP;
      var fits = from >= 0 && wide <= Math.min(to, room + margin.r) - from;
      if (told[1] === "over") {
        var middle = (from + to) / 2;
        fits = middle >= 0 && middle <= room && wide < WIDER * (to - from) && middle - wide / 2 > free;
        if (fits) free = middle + wide / 2;
      }
      var drawn = place.querySelector('.annotation[data-index="' + number + '"]');
      if (drawn) drawn.style.display = fits ? "" : "none";
    });
  }

  function placed() {
    var marks = ticks(shown[0], shown[1]);
    return { range: shown.slice(), autorange: false, tickvals: marks.at, ticktext: marks.text };
  }

  // Each chart in a frame of its own, so that no single task takes long; moves in between are drawn as one.
  function redraw() {
    var turn = ++drawing, waiting = charts().slice();
    (function next() {
      if (turn !== drawing || !waiting.length) return;
      var plot = waiting.shift(), now = placed();
      window.Plotly.relayout(plot, {
        "xaxis.range": now.range, "xaxis.autorange": false, "xaxis.tickvals": now.tickvals, "xaxis.ticktext": now.ticktext
      });
      if (waiting.length) requestAnimationFrame(function () { setTimeout(next); });
    })();
  }

  function rest() {
    clearTimeout(resting);
    resting = setTimeout(rested, REST);
  }

  // Kept in the address without loading anything, so that "back" returns to the same stretch.
  function rested() {
    clearTimeout(resting);
    resting = 0;
    var query = new URLSearchParams(location.search);
    query.delete("from"); query.delete("to");
    if (!same(shown, [0, axis.length])) { query.set("from", shown[0]); query.set("to", shown[1]); }
    var search = query.toString();
    history.replaceState(history.state, "", location.pathname + (search ? "?" + search : "") + location.hash);
    window.dash_clientside.set_props("review-range", { data: shown.slice() });
    tellBoxes();
  }

  // Whoever leaves right after a move comes back to where it led.
  document.addEventListener("click", function (event) {
    if (resting && event.target.closest && event.target.closest("a")) rested();
  }, true);
  window.addEventListener("pagehide", function () { if (resting) rested(); });

  function tellBoxes() {
    BOXES.forEach(function (id, end) {
      var box = document.getElementById(id);
      if (box && box.value !== clock(shown[end])) window.dash_clientside.set_props(id, { value: clock(shown[end]) });
    });
  }

  // Puts a figure in its place. A chart that is drawn for the first time takes the page's own axis.
  function plot(id, figure) {
    return window.charts.library().then(function (Plotly) {
      var place = plotOf(id);
      if (!place) return null;
      Object.assign(figure.layout.xaxis, placed());
      return Plotly.react(place, figure.data, figure.layout, CONFIG).then(function () {
        showNotes(place);
        if (drawn.indexOf(place) >= 0) return;
        drawn.push(place);
        place.on("plotly_relayout", function (told) {
          showNotes(place);
          dragged(told);
        });
        place.on("plotly_doubleclick", function () { step("all"); });
        new ResizeObserver(function (_entries, watcher) {
          if (!place.isConnected) watcher.disconnect();
          else if (place.clientWidth !== place._fullLayout.width) Plotly.Plots.resize(place);
        }).observe(place);
      });
    });
  }

  // The mouse drew a stretch. What `redraw` caused itself tells its ticks too.
  function dragged(told) {
    if (told["xaxis.tickvals"]) return;
    var both = told["xaxis.range"] || [told["xaxis.range[0]"], told["xaxis.range[1]"]];
    if (both[0] === undefined || both[1] === undefined) return;
    var before = shown;
    move(both[0], both[1]);
    if (shown === before) redraw();  // narrower than can be shown: the chart takes its old range again
  }

  function opened(told, range) {
    axis = { start: told.start, length: told.length };
    shown = range.slice();
    tellBoxes();
  }

  function isNew() { return charts().every(function (each) { return CHARTS.indexOf(each.parentNode.id) < 0; }); }

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
    // The page has opened, a mark has changed, or the browser is set another way.
    draw: function (view, _edited, told, range) {
      var none = window.dash_clientside.no_update;
      if (!view || !told) return none;
      var first = isNew();
      if (first) opened(told, range);
      // The words of the page first: they stand there while the browser is busy with the charts.
      frame().then(function () { return window.charts.figures(view); }).then(function (figures) {
        return plot("review-timeline", figures.timeline).then(frame).then(function () {
          return plot("review-lanes", figures.lanes);
        });
      }).catch(failed).then(function () {
        if (first) window.dash_clientside.set_props("review-drawn", { data: true });
      });
      return none;
    },
    // The student's figure came, perhaps longer than the last: at the end of a session that runs, the stretch moves along.
    student: function (came, told, range) {
      var none = window.dash_clientside.no_update;
      if (!came) return none;
      if (isNew()) opened(told, range);
      var grown = came.length - axis.length;
      if (grown > 0 && shown[1] >= axis.length - 1) shown = [shown[0] + grown, came.length];
      axis.length = came.length;
      plot("student-chart", came.figure).catch(failed);
      rest();
      return none;
    }
  };

  // The two boxes, once a time has been typed; one that cannot be read puts the old one back. The boxes' own code
  // comes first, else it would put back what was typed.
  document.addEventListener("change", function (event) {
    if (BOXES.indexOf(event.target.id) >= 0 && shown) setTimeout(typed);
  });

  function typed() {
    var told = BOXES.map(function (id, end) {
      var text = document.getElementById(id).value;
      return text === clock(shown[end]) ? shown[end] : seconds(text);
    });
    if (told[0] === null || told[1] === null || told[1] <= told[0]) tellBoxes();
    else move(told[0], told[1]);
  }

  function frame() { return new Promise(function (resolve) { requestAnimationFrame(function () { setTimeout(resolve); }); }); }

  function failed() {
    CHARTS.forEach(function (id) {
      var place = plotOf(id);
      if (place && drawn.indexOf(place) < 0) place.textContent = place.dataset.failed;
    });
  }
})();
