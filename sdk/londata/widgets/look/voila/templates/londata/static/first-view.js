// Shows what an output looks like until it is alive, and then the living one in its place, all at once.
"use strict";
(function () {
  const TOLD = "script.first-view-of-it";
  const PATIENCE_MS = 5000; // for a living one that is there and does not become like what stands for it
  const views = [];
  let since = 0;

  // Put in like a widget's own HTML, in which nothing runs; without names, by which it could pass for parts of the page.
  function place(told) {
    const made = document.createElement("template");
    made.innerHTML = JSON.parse(told.textContent);
    for (const part of made.content.querySelectorAll("[id], [name]")) {
      part.removeAttribute("id");
      part.removeAttribute("name");
    }
    const view = document.createElement("div");
    view.className = "first-view";
    view.append(made.content);
    told.replaceWith(view);
    views.push(view);
    window.show_page();
  }

  function living(view) {
    return view.parentElement && view.parentElement.querySelector(":scope > .jp-OutputArea-output");
  }
  function begun(view) {
    const part = living(view);
    return part && (part.querySelector(".jupyter-widgets") || !view.querySelector(".jupyter-widgets"));
  }
  function drawn(part) {
    return [...part.querySelectorAll("img")].every((each) => each.complete);
  }
  // As many widgets and pictures as before.
  function like(view) {
    const part = living(view);
    return (
      part &&
      part.childElementCount > 0 &&
      [".jupyter-widgets", "img"].every(
        (kind) => part.querySelectorAll(kind).length >= view.querySelectorAll(kind).length
      ) &&
      drawn(part)
    );
  }

  // Voila moves the page's main part, by which the browser forgets what somebody was on.
  let on = null;
  document.addEventListener("pointerdown", () => (on = null), true);
  document.addEventListener("focusin", (event) => (on = event.target.closest(".first-view") && event.target), true);
  function remember() {
    if (on && on.isConnected && document.activeElement === document.body) on.focus({ preventScroll: true });
  }

  // What somebody was on, by its place among what can be there: a link, or a summary that they unfolded.
  function reachable(part) {
    return [...part.querySelectorAll("a[href], summary, [tabindex]")];
  }
  function replace(view) {
    const part = living(view);
    const at = reachable(view).indexOf(document.activeElement);
    const open = [...view.querySelectorAll("details")].map((fold) => fold.open);
    view.remove();
    part.querySelectorAll("details").forEach(function (fold, number) {
      if (number in open) fold.open = open[number];
    });
    if (at >= 0 && reachable(part)[at]) reachable(part)[at].focus({ preventScroll: true });
  }

  function look() {
    for (const told of document.querySelectorAll(TOLD)) {
      const ours = !told.closest(".first-view, .jp-OutputArea-output"); // and not a part of what is shown
      if (ours && (told.nextSibling || told.parentElement.nextElementSibling)) place(told); // else more is on its way
    }
    if (!views.length) return;
    remember();
    if (!since && views.every(begun)) {
      since = performance.now();
      window.setTimeout(look, PATIENCE_MS);
    }
    if (views.every(like) || (since && performance.now() - since >= PATIENCE_MS)) {
      views.splice(0).forEach(replace);
      stop();
    }
  }
  const watching = new MutationObserver(look);
  watching.observe(document, { childList: true, subtree: true });
  // A picture of the living one has come, or will not come.
  const ends = ["load", "error"];
  ends.forEach((event) => document.addEventListener(event, look, true));
  function stop() {
    watching.disconnect();
    ends.forEach((event) => document.removeEventListener(event, look, true));
  }
  document.addEventListener("DOMContentLoaded", function () {
    look();
    if (!views.length) stop();
  });
})();
