(function () {
  var box = document.getElementById('find');
  var found = document.getElementById('found');
  var sites = Array.prototype.slice.call(document.querySelectorAll('.findable'));
  var texts = sites.map(function (e) { return (e.querySelector('summary') || e).textContent.toLowerCase(); });
  function find() {
    var words = box.value.toLowerCase().split(' ');
    sites.forEach(function (e, i) {
      e.hidden = !words.every(function (word) { return texts[i].indexOf(word) !== -1; });
    });
    var shown = sites.filter(function (e) { return !e.hidden; });
    found.textContent = box.value.trim() === '' ? '' : shown.length + ' of ' + sites.length + ' sites';
    if (shown.length === 1) { shown[0].open = true; }
  }
  box.addEventListener('input', find);
  document.getElementById('finder').hidden = false;
  document.getElementById('by-hand').hidden = true;
  // A browser may keep what was typed before the page was loaded again.
  find();
}());
