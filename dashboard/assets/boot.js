// Runs before the first paint: sets the colour scheme, so that no page flashes in the wrong one.
(function () {
  var chosen = null;
  try { chosen = localStorage.getItem("scheme"); } catch (blocked) { /* private mode: follow the system */ }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
