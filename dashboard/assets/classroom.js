// What only the browser knows: its colour scheme, its width, whether names are hidden. `view` tells the server.
(function () {
  "use strict";
  var darkQuery = matchMedia("(prefers-color-scheme: dark)");
  var compactQuery = matchMedia("(max-width: 480px)");

  function recall(storage, key) { try { return storage.getItem(key); } catch (blocked) { return null; } }
  function keep(storage, key, value) { try { storage.setItem(key, value); } catch (blocked) { /* forgotten on reload */ } }

  // A window above all others always says that it prefers dark: it takes the scheme of the page it came from.
  function dark() {
    var chosen = recall(localStorage, "scheme") || (window.frameElement && window.frameElement.dataset.scheme);
    return chosen ? chosen === "dark" : darkQuery.matches;
  }

  // Names are hidden at first in a compact window that lies in what is captured, and so perhaps in what is shared.
  var captured = false;
  function names() {
    var chosen = recall(sessionStorage, "names");
    return chosen ? chosen !== "hidden" : !(captured && compactQuery.matches);
  }

  function view() {
    return { dark: dark(), compact: compactQuery.matches, names: names() };
  }

  function tell() {
    var now = view();
    window.dash_clientside.set_props("view", { data: now });
    window.dash_clientside.set_props("provider", { forceColorScheme: now.dark ? "dark" : "light" });
  }

  var actions = {
    scheme: function () { keep(localStorage, "scheme", dark() ? "light" : "dark"); tell(); },
    names: function () { keep(sessionStorage, "names", view().names ? "hidden" : "shown"); tell(); },
    // Above all windows where the browser can; a pop-up elsewhere. By its title the capture paints it out.
    compact: function (button) {
      function popUp() { window.open("/live", "classroom-compact", "popup,width=360,height=640"); }
      if (!window.documentPictureInPicture) { popUp(); return; }
      documentPictureInPicture.requestWindow({ width: 360, height: 480 }).then(function (above) {
        var frame = above.document.createElement("iframe");
        frame.title = button.textContent;
        frame.dataset.scheme = dark() ? "dark" : "light";
        frame.src = "/live";
        frame.style.cssText = "position:fixed;inset:0;width:100%;height:100%;border:0";
        above.document.documentElement.lang = "en";
        above.document.title = document.title;
        above.document.body.style.background = getComputedStyle(document.body).backgroundColor;
        above.document.body.append(frame);
      }, popUp);
    },
    print: function () { window.print(); },
    copy: function (button) {
      var text = button.dataset.text || document.getElementById(button.dataset.from).textContent;
      var said = button.textContent;
      function done() {
        button.textContent = button.dataset.said;
        setTimeout(function () { button.textContent = said; }, 2000);
      }
      function byHand() {  // a browser that keeps the clipboard to itself
        var area = document.createElement("textarea");
        area.value = text;
        document.body.appendChild(area);
        area.select();
        if (document.execCommand("copy")) done();
        area.remove();
      }
      if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, byHand); else byHand();
    }
  };

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-do]");
    if (button && actions[button.dataset.do]) actions[button.dataset.do](button);
  });

  darkQuery.addEventListener("change", tell);
  compactQuery.addEventListener("change", tell);

  window.dash_clientside = Object.assign({}, window.dash_clientside);
  window.dash_clientside.classroom = Object.assign({}, window.dash_clientside.classroom, {
    inCapture: function (lies) {
      if (captured === lies) return;
      captured = lies;
      tell();
    },
    watchView: function () {
      // While the server makes the page, the browser has time for the library that draws.
      if (/^\/(review|student)\//.test(location.pathname)) setTimeout(window.charts.library);
      return [view(), dark() ? "dark" : "light"];
    },
    // Dash's upload holds an input of its own, which comes late and has no name.
    nameUpload: function (id, name) {
      (function wait(tries) {
        var input = document.querySelector("#" + id + " input");
        if (input) input.setAttribute("aria-label", name);
        else if (tries) setTimeout(wait, 100, tries - 1);
      })(100);
      return window.dash_clientside.no_update;
    }
  });
})();
