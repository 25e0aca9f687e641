// A long session takes seconds to export: the page says how far the file is, and can stop it. Without this script, or
// in another tab, it is a plain link. Asked with `told`, the server sends a dot for each hundredth before the file.
(function () {
  "use strict";
  var STEPS = 100;
  var stop = null;

  function say(name, runs) {
    var work = document.getElementById("take-work");
    if (!work) return;
    work.hidden = false;
    work.querySelector("[data-say]").textContent = work.dataset[name];
    work.querySelector("[data-runs]").hidden = !runs;
    if (runs) far(0);
  }

  function far(share) {
    var work = document.getElementById("take-work");
    if (!work) return;
    work.querySelector("progress").value = share;
    work.querySelector("[data-share]").textContent = Math.round(100 * share) + " %";
  }

  function save(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  }

  // Counts the dots, then collects the file.
  function collect(reader, told, parts) {
    return reader.read().then(function (came) {
      if (came.done) return new Blob(parts);
      var dots = Math.min(STEPS - told, came.value.length);
      if (dots) far((told + dots) / STEPS);
      parts.push(came.value.subarray(dots));
      return collect(reader, told + dots, parts);
    });
  }

  function make(link) {
    var asked = new AbortController(), address = new URL(link.href);
    if (stop) stop.abort();
    stop = asked;
    address.searchParams.set("told", "1");
    say("making", true);
    fetch(address, { signal: asked.signal }).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status);
      var named = /filename="([^"]*)"/.exec(answer.headers.get("Content-Disposition") || "");
      return collect(answer.body.getReader(), 0, []).then(function (blob) {
        save(blob, named ? named[1] : "session");
      });
    }).then(function () { if (stop === asked) say("made", false); }, function (problem) {
      if (stop === asked) say(problem.name === "AbortError" ? "stopped" : "failed", false);
    });
  }

  document.addEventListener("click", function (event) {
    if (!event.target.closest) return;
    var link = event.target.closest("a[data-file]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      make(link);
    }
    if (event.target.closest("#take-stop") && stop) stop.abort();
  });
})();
