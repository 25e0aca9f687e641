// The live page in the browser: ages that count on by themselves, the tiles of the call, and the shortcuts.
(function () {
  "use strict";
  var root = null;       // the page that is shown
  var showing = "";      // the id of what the refreshes have put there
  var last = null;       // the last pulse of the server
  var words = {};        // the wording of dashboard/wording.py
  var arrived = 0;       // when it came, on the browser's own clock
  var spokenAt = -1e9;
  var spoken = "";
  var picked = null;     // the student whose panel is open
  var pictured = null;   // the look whose picture is shown

  function element(id) { return document.getElementById(id); }

  // The page with the bar of a running session; another page knows nothing yet.
  function watched() {
    var page = document.querySelector(".watched");
    if (page !== root) { root = page; last = pictured = picked = null; showing = ""; }
    return page;
  }

  function write(id, text) {
    var place = element(id);
    if (place && place.textContent !== text) place.textContent = text;
  }
  function age(seconds) {
    seconds = Math.max(0, Math.round(seconds));
    return seconds < 90 ? seconds + " s" : Math.round(seconds / 60) + " min";
  }

  // Tells the health every half second: what the server said, and how long ago.
  function tell() {
    var page = watched();
    if (!page || !last) return;
    var waited = (performance.now() - arrived) / 1000;
    var state = last.label, more = last.more || "", icon = "dot", stale = false;
    var old = last.look === null || last.look === undefined ? null : (last.now - last.look) / 1000 + waited;
    if (last.ended) {
      icon = "icon i-stopped";
      stale = true;
    } else if (waited > last.silent) {
      state = words.silent.replace("{n}", age(waited));
      more = words.program;
      icon = "icon i-ring";
      stale = true;
    } else if (last.paused) {
      icon = "icon i-pause";
    } else if (!last.reading) {
      icon = "icon i-warning";
      stale = true;
    } else if (old === null) {
      more = words.none;
    } else if (old > last.late) {
      state = words.late.replace("{n}", age(old));
      more = words.again;
      icon = "icon i-ring";
      stale = true;
    } else {
      more = words.look.replace("{n}", age(old));
    }
    page.classList.toggle("stale", stale);
    page.classList.toggle("held", stale || last.paused === true);
    page.classList.toggle("over", last.ended === true);
    write("live-state", state);
    write("live-more", more);
    write("live-time", [last.time, page.clientWidth > 480 ? last.minutes : ""].filter(Boolean).join(" · "));
    write("live-pause-label", last.paused ? words.resume : words.pause);
    var sign = element("live-icon");
    if (sign && sign.className !== icon) sign.className = icon;
    speak(stale ? state : last.spoken);
  }

  // One polite region that speaks at most once in 30 s.
  function speak(text) {
    if (!text || text === spoken || performance.now() - spokenAt < 30000) return;
    spokenAt = performance.now();
    spoken = text;
    write("spoken", text);
  }

  // The demo's picture is loaded beside and then put in place, so that it never blinks.
  function picture() {
    var shown = element("live-picture");
    if (!shown || !last || last.look === pictured) return;
    pictured = last.look;
    var next = new Image();
    next.onload = function () { shown.src = next.src; };
    next.src = "/picture.jpg?look=" + Math.round(last.look || 0);
  }

  // Tiles are kept from look to look and changed in place, so that the focus stays where it is.
  function empty() {
    var tile = document.createElement("button");
    tile.type = "button";
    ["icon", "name cut", "last"].forEach(function (name) {
      tile.appendChild(document.createElement("span")).className = name;
    });
    tile.children[1].dir = "auto";
    return tile;
  }

  function fill(tile, entry) {
    var student = entry[0], name = entry[1], kind = entry[2], ring = entry[3];
    var seen = kind === "pleasant" || kind === "neutral" || kind === "unpleasant";
    var word = words["is_" + kind];
    var style = seen ? "--p:" + entry[4] + ";--n:" + entry[5] + ";--u:" + entry[6] + ";" : "";
    if (entry.length > 8) style += "grid-column:" + (entry[7] + 1) + " / span 2;grid-row:" + (entry[8] + 1);
    var now = {
      "class": "tile " + (seen ? "seen " : "out ") + kind + (ring ? " ring" : ""),
      "data-student": student,
      title: name + ": " + word,
      style: style
    };
    Object.keys(now).forEach(function (key) {
      if (tile.getAttribute(key) !== now[key]) tile.setAttribute(key, now[key]);
    });
    tile.children[0].className = "icon i-" + kind.replace(/_/g, "-") + (seen ? " " + kind : "");
    // In a narrow tile a pseudonym is its number alone (live.css).
    if (tile.children[1].textContent !== name) {
      var first = document.createElement("span");
      first.className = "first";
      first.textContent = name.indexOf(words.student) === 0 ? words.student : "";
      tile.children[1].replaceChildren(first, name.slice(first.textContent.length));
    }
    var end = tile.children[2];
    if (seen && end.className !== "mix") {
      end.className = "mix";
      end.replaceChildren(document.createElement("i"), document.createElement("i"), document.createElement("i"));
    } else if (!seen && (end.className !== "word cut" || end.textContent !== word)) {
      end.className = "word cut";
      end.textContent = word;
    }
  }

  function draw(id, entries) {
    var box = element(id);
    if (!box) return;
    var kept = box.tiles || {}, next = {};
    entries.forEach(function (entry, place) {
      var tile = kept[entry[0]] || empty();
      next[entry[0]] = tile;
      fill(tile, entry);
      if (box.children[place] !== tile) box.insertBefore(tile, box.children[place] || null);
    });
    while (box.children.length > entries.length) box.lastChild.remove();
    box.tiles = next;
  }

  // A tile opens the student's panel and hands it the focus; closing gives the focus back.
  function pick(tile) {
    picked = Number(tile.dataset.student);
    refreshPicked();
    var name = element("live-detail-name"), tries = 0;
    (function focus() {
      if (!element("live-detail").hidden) name.focus();
      else if (tries++ < 40) setTimeout(focus, 50);
    })();
  }

  // The panel follows each refresh while it is open, and asks for nothing else.
  function refreshPicked() {
    if (picked && element("live-detail")) {
      window.dash_clientside.set_props("live-picked", { data: { student: picked, refreshed: Date.now() } });
    }
  }

  function unpick() {
    if (!picked) return;
    var tile = document.querySelector("[data-student='" + picked + "']");
    picked = null;
    window.dash_clientside.set_props("live-picked", { data: null });
    // By its property: hidden past Dash, it would stay so where it is opened again before the answer.
    window.dash_clientside.set_props("live-detail", { hidden: true });
    if (tile) tile.focus();
  }

  document.addEventListener("click", function (event) {
    if (!event.target.closest) return;
    var tile = event.target.closest(".tile[data-student]");
    if (tile) pick(tile);
    if (event.target.closest("#live-detail-close")) unpick();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && event.target.closest && event.target.closest("#live-detail, .tile")) unpick();
  });

  // What the line says under the pointer. Plotly's own label would go with each refresh.
  function nearest(xs, x) {
    var best = -1;
    for (var i = 0; i < xs.length; i++) if (best < 0 || Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) best = i;
    return best;
  }

  function signed(value) { return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2); }

  function told(plot, x) {
    var line = null, away = 15, few = false, low = null, high = null, seen = null;
    plot._fullData.forEach(function (trace) {
      var xs = trace.x, ys = trace.y, at;
      if (trace.meta === "line" || trace.meta === "few") {
        at = nearest(xs, x);
        if (at >= 0 && !isNaN(ys[at]) && Math.abs(xs[at] - x) < away) {
          line = ys[at]; away = Math.abs(xs[at] - x); few = trace.meta === "few";
        }
      } else if (trace.meta === "band") {
        var half = xs.length / 2;
        at = nearest(Array.prototype.slice.call(xs, 0, half), x);
        if (Math.abs(xs[at] - x) < 15) { high = ys[at]; low = ys[xs.length - 1 - at]; }
      } else if (trace.meta === "seen" && x >= xs[0] && x <= xs[xs.length - 1] + 15) {
        for (var i = 0; i < xs.length && xs[i] <= x; i++) seen = ys[i];
      }
    });
    if (line === null) return "";
    var clock = new Date(last.look + (x - last.seconds) * last.pace * 1000).toTimeString().slice(0, 8);
    return words.hover.replace("{time}", clock).replace("{middle}", few ? words.few : signed(line))
      .replace("{low}", low === null ? "–" : signed(low)).replace("{high}", high === null ? "–" : signed(high))
      .replace("{seen}", seen === null ? "–" : Math.round(seen));
  }

  document.addEventListener("mousemove", function (event) {
    var place = event.target.closest && event.target.closest(".live-chart"), tip = element("live-tip");
    if (!tip) return;
    var plot = place && place.querySelector(".js-plotly-plot");
    var axis = plot && plot._fullLayout && plot._fullLayout.xaxis;
    var text = "", left = 0;
    if (axis && last && last.look) {
      left = event.clientX - plot.getBoundingClientRect().left;
      if (left >= axis._offset) text = told(plot, axis.p2d(left - axis._offset));
    }
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    tip.style.left = Math.max(0, Math.min(left - tip.offsetWidth / 2, place.clientWidth - tip.offsetWidth)) + "px";
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside);
  window.dash_clientside.classroom = Object.assign({}, window.dash_clientside.classroom, {
    pulse: function (pulse, view, said) {
      watched();
      if (pulse && pulse !== last) { last = pulse; arrived = performance.now(); }
      words = said || words;
      if (view) {
        document.querySelectorAll(".names-label").forEach(function (label) {
          label.textContent = view.names ? words.hide : words.show;
        });
      }
      window.dash_clientside.classroom.inCapture(Boolean(last && last.inside));
      tell();
      picture();
      refreshPicked();
      return window.dash_clientside.no_update;
    },
    // What is shown must be what the refresh was laid over; else the next one sends everything anew.
    shown: function (now) {
      var laidOver = (now && now.base) || "";
      var fits = !now || laidOver === showing;
      showing = (fits && now && now.id) || "";
      if (!fits) window.dash_clientside.set_props("live-shown", { data: null });
      return window.dash_clientside.no_update;
    },
    toggle: function (clicks, said) {
      return clicks % 2 ? ["true", said.table_hide] : ["false", said.table];
    },
    call: function (call, said) {
      words = said || words;
      draw("live-map", (call && call.tiles) || []);
      draw("live-rest", (call && call.rest) || []);
      Object.entries((call && call.counts) || {}).forEach(function (each) {
        document.querySelectorAll("[data-count=" + each[0] + "]").forEach(function (place) {
          if (place.textContent !== String(each[1])) place.textContent = each[1];
        });
      });
      var map = element("live-map");
      if (map && call && call.columns) map.style.setProperty("--columns", call.columns + 1);
      return window.dash_clientside.no_update;
    }
  });

  setInterval(tell, 500);

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("#live-mark");
    if (!button) return;
    var label = element("live-mark-label");  // confirmed at once; the server follows
    var before = words.mark || (words.mark = label.textContent);
    label.textContent = label.dataset.said;
    setTimeout(function () { label.textContent = before; }, 2000);
  });

  var keys = { m: "live-mark", p: "live-pause", n: "live-names" };
  document.addEventListener("keydown", function (event) {
    var page = watched();
    if (!page || page.dataset.shortcuts !== "on" || event.repeat) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable=true], [role=dialog]")) return;
    var button = keys[event.key] && element(keys[event.key]);
    if (button) { event.preventDefault(); button.click(); }
  });
})();
