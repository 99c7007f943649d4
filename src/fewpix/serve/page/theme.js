// Before anything is drawn: the theme that was chosen here last.
(function () {
  try {
    const theme = localStorage.getItem("fewpix-theme");
    if (theme) document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; then the system's theme it is.
  }
})();
