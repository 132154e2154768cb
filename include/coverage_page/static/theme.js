/* Light or dark as Airflow's own pages are. A classic script: it runs before anything is painted. */
"use strict";

(() => {
  const KEY = "theme"; // where Airflow's UI keeps what its user has chosen
  const system = matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    let chosen = null;
    try {
      chosen = localStorage.getItem(KEY);
    } catch {
      // A browser that keeps nothing: as the system is.
    }
    const dark = chosen === "dark" || (chosen !== "light" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) apply();
  });
})();
