"use strict";
// The only script of a page: copies a sentence or a figure of the page itself. It loads and sends nothing.
(() => {
  const said = (button, words) => {
    const usual = button.dataset.usual || button.textContent;
    button.dataset.usual = usual;
    button.textContent = words;
    setTimeout(() => { button.textContent = usual; }, 2000);
  };
  const save = (address, name) => {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  };
  const png = (image) => new Promise((done, failed) => {
    const canvas = document.createElement("canvas");
    const scale = 2000 / image.naturalWidth;
    canvas.width = 2000;
    canvas.height = Math.round(image.naturalHeight * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png");
  });
  const text = async (words) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(words);
    const area = document.createElement("textarea");
    area.value = words;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    if (!copied) throw new Error("no clipboard");
  };
  const act = {
    sentence: async (button) => {
      await text(document.getElementById(button.dataset.of).textContent.replace(/\s+/g, " ").trim());
      said(button, "Copied");
    },
    png: async (button) => {
      const image = document.querySelector(`#${button.dataset.of} img`);
      try {
        await navigator.clipboard.write([new ClipboardItem({ "image/png": png(image) })]);
        said(button, "Copied");
      } catch {
        const address = URL.createObjectURL(await png(image));
        save(address, `${button.dataset.name}.png`);
        setTimeout(() => URL.revokeObjectURL(address), 10000);
        said(button, "Saved");
      }
    },
    svg: async (button) => {
      const image = document.querySelector(`#${button.dataset.of} img`);
      const kind = "image/svg+xml";
      try {
        if (!ClipboardItem.supports(kind)) throw new Error("no SVG");
        const drawn = new Blob([atob(image.src.split(",")[1])], { type: kind });
        await navigator.clipboard.write([new ClipboardItem({ [kind]: drawn })]);
        said(button, "Copied");
      } catch {
        save(image.src, `${button.dataset.name}.svg`);
        said(button, "Saved");
      }
    },
  };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => act[button.dataset.copy](button).catch(() => said(button, "Not possible here")));
  }
})();
