// A long session takes seconds to export: the link says that the file is being made, and can be stopped. Without
// this script, or in another tab, it is a plain link.
(function () {
  "use strict";
  var stop = null;

  function say(name, runs) {
    var work = document.getElementById("take-work");
    if (!work) return;
    work.hidden = false;
    work.querySelector("[data-say]").textContent = work.dataset[name];
    work.querySelector("progress").hidden = !runs;
    work.querySelector("button").hidden = !runs;
  }

  function save(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  }

  function make(link) {
    var asked = new AbortController();
    if (stop) stop.abort();
    stop = asked;
    say("making", true);
    fetch(link.href, { signal: asked.signal }).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status);
      var named = /filename="([^"]*)"/.exec(answer.headers.get("Content-Disposition") || "");
      return answer.blob().then(function (blob) { save(blob, named ? named[1] : "session"); });
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
