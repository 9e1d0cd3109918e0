// plotly.js lies in the page deflated, at a third of its size; it becomes a script of the page when it is unpacked.

async function loadLibrary() {
  const bytes = await inflate(document.getElementById("library").textContent);
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(bytes);
  document.head.append(script);
}

/** The figures stand in a template, so that their pictures are read after the explorer is drawn. */
function showFigures() {
  document.getElementById("figures").append(document.getElementById("pictures").content);
  const place = location.hash && document.getElementById(location.hash.slice(1));
  if (place) place.scrollIntoView();
}
