// Stands where MathJax would be, which Voila fetches from another host: formulas stay as they are written.
"use strict";
(function () {
  function nothing() {}
  window.MathJax = { Hub: { Config: nothing, Configured: nothing, Queue: nothing, Register: { StartupHook: nothing } } };
})();
