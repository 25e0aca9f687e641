// Runs before the first paint: sets the colour scheme, so that no page flashes in the wrong one, and asks at once
// for what takes longest: the library that draws, and on a review page its figures.
(function () {
  "use strict";
  var PLOTLY = "/_dash-component-suites/plotly/package_data/plotly.min.js";
  var chosen = window.frameElement ? window.frameElement.dataset.scheme : null;
  try { chosen = localStorage.getItem("scheme") || chosen; } catch (blocked) { /* private mode: follow the system */ }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");

  // A program that was stopped, or started anew with another token, is told once on the page (the live page has
  // words of its own for it).
  var plain = window.fetch, told = false;
  function tell(kind) {
    var place = document.getElementById("failed");
    if (!place || (!kind && !told) || (kind === "gone" && document.querySelector(".watched"))) return;
    told = Boolean(kind);
    window.dash_clientside.set_props("failed", { children: kind ? place.dataset[kind] : null });
  }
  window.fetch = function () {
    return plain.apply(window, arguments).then(function (answer) {
      tell(answer.status === 403 ? "refused" : "");
      return answer;
    }, function (problem) {
      if (problem.name !== "AbortError") tell("gone");
      throw problem;
    });
  };

  // Where the figures of the review at this address are, for a browser set like that.
  function figuresAt(view) {
    var query = new URLSearchParams(location.search);
    if (view.dark) query.set("dark", "1");
    if (view.compact) query.set("compact", "1");
    return "/figures" + location.pathname + "?" + query;
  }

  function get(address) {
    return fetch(address).then(function (answer) {
      if (!answer.ok) throw new Error("no figures: " + answer.status);
      return answer.json();
    });
  }

  var library = null, early = {};
  window.charts = {
    library: function () {
      library = library || new Promise(function (resolve, reject) {
        var script = document.createElement("script");
        script.src = PLOTLY;
        script.async = true;
        script.onload = function () { resolve(window.Plotly); };
        script.onerror = function () { library = null; reject(new Error("the library that draws did not come")); };
        document.head.appendChild(script);
      });
      return window.Plotly ? Promise.resolve(window.Plotly) : library;
    },
    figures: function (view) {
      var address = figuresAt(view);
      var asked = early.address === address ? early.answer : get(address);
      early = {};
      return asked;
    }
  };

  var page = location.pathname.split("/")[1];
  if (["review", "student", "live", "compare"].indexOf(page) >= 0) {
    var link = document.createElement("link");
    link.rel = "preload"; link.as = "script"; link.href = PLOTLY;
    document.head.appendChild(link);
  }
  if (page === "review") {
    var address = figuresAt({ dark: dark, compact: matchMedia("(max-width: 480px)").matches });
    early = { address: address, answer: get(address) };
    early.answer.catch(function () { /* the page says it where the chart should stand */ });
  }
})();
