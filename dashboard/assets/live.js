// The live page in the browser: ages that count on by themselves, the tiles of the call, and the shortcuts.
(function () {
  "use strict";
  var last = null;       // the last pulse of the server
  var words = {};        // the wording of dashboard/wording.py
  var arrived = 0;       // when it came, on the browser's own clock
  var spokenAt = -1e9;
  var spoken = "";
  var pictured = null;   // the look whose picture is shown

  function element(id) { return document.getElementById(id); }
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
    var page = element("live");
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
    var page = element("live"), shown = element("live-picture");
    if (!shown || page.dataset.picture !== "on" || !last || last.look === pictured) return;
    pictured = last.look;
    var next = new Image();
    next.onload = function () { shown.src = next.src; };
    next.src = "/picture.jpg?look=" + Math.round(last.look || 0);
  }

  function part(type, props, space) {
    return { type: type, namespace: space || "dash_html_components", props: props };
  }

  function tile(entry, session) {
    var student = entry[0], name = entry[1], kind = entry[2], ring = entry[3];
    var seen = kind === "pleasant" || kind === "neutral" || kind === "unpleasant";
    var style = seen ? { "--p": entry[4], "--n": entry[5], "--u": entry[6] } : {};
    if (entry.length > 8) {
      style.gridColumn = entry[7] + 1 + " / span 2";
      style.gridRow = String(entry[8] + 1);
    }
    return part("Link", {
      href: session.replace("{n}", student),
      className: "tile " + (seen ? "seen " : "out ") + kind + (ring ? " ring" : ""),
      style: style,
      title: name + ": " + words["is_" + kind],
      children: [
        part("Span", { className: "icon i-" + kind.replace(/_/g, "-") + (seen ? " " + kind : "") }),
        part("Span", { className: "name cut", children: name, dir: "auto" }),
        seen ? part("Span", { className: "mix", children: [part("I", {}), part("I", {}), part("I", {})] })
          : part("Span", { className: "word cut", children: words["is_" + kind] })
      ]
    }, "dash_core_components");
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside);
  window.dash_clientside.classroom = Object.assign({}, window.dash_clientside.classroom, {
    pulse: function (pulse, view, said) {
      if (pulse && pulse !== last) { last = pulse; arrived = performance.now(); }
      words = said || words;
      if (view) {
        document.querySelectorAll(".names-label").forEach(function (label) {
          label.textContent = view.names ? words.hide : words.show;
        });
      }
      tell();
      picture();
      return window.dash_clientside.no_update;
    },
    call: function (call, said) {
      words = said || words;
      if (!call || !call.tiles) return [[], {}, []];
      var one = function (entry) { return tile(entry, words.student); };
      return [call.tiles.map(one), { "--columns": call.columns + 1 }, call.rest.map(one)];
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
    var page = element("live");
    if (!page || page.dataset.shortcuts !== "on" || event.repeat) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable=true], [role=dialog]")) return;
    var button = keys[event.key] && element(keys[event.key]);
    if (button) { event.preventDefault(); button.click(); }
  });
})();
