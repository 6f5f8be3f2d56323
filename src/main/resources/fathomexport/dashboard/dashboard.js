(function () {
  "use strict";

  var data = JSON.parse(document.getElementById("data").textContent);
  var DAY = 86400;
  var STATES = {c: "complete", e: "empty", p: "provisional", s: "stale", i: "incomplete", m: "missing"};
  var MEANINGS = {
    complete: "complete", empty: "measured, and there was nothing",
    provisional: "not over when it was fetched", stale: "fetched under another definition or time zone",
    incomplete: "the numbers could not be confirmed", missing: "never measured"
  };
  var MEASURES = [
    {key: "pageviews", name: "Pageviews", cell: 6},
    {key: "visits", name: "Visits", cell: 4},
    {key: "uniques", name: "Unique visitors", cell: 5}
  ];
  // The cells of a week, month or period.
  var FIRST = 0, STATE = 1, DONE = 2, LENGTH = 3, VISITS = 4, UNIQUES = 5, PAGEVIEWS = 6, BOUNCE = 7;

  var whole = new Intl.NumberFormat("en");
  var compact = new Intl.NumberFormat("en", {notation: "compact", maximumFractionDigits: 1});
  var plain = {
    day: new Intl.DateTimeFormat("en-GB", {day: "numeric", month: "short", timeZone: "UTC"}),
    full: new Intl.DateTimeFormat("en-GB", {day: "numeric", month: "short", year: "numeric", timeZone: "UTC"}),
    weekday: new Intl.DateTimeFormat("en-GB", {weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC"}),
    month: new Intl.DateTimeFormat("en-GB", {month: "long", year: "numeric", timeZone: "UTC"}),
    short: new Intl.DateTimeFormat("en-GB", {month: "short", year: "numeric", timeZone: "UTC"}),
    moment: new Intl.DateTimeFormat("en-GB", {dateStyle: "medium", timeStyle: "short", timeZone: "UTC"})
  };
  var regions = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(["en"], {type: "region"}) : null;

  function seconds(day) { return Date.parse(day + "T00:00:00Z") / 1000; }
  function shown(format, at) { return format.format(new Date(at * 1000)); }
  function number(value) { return value === null ? "–" : whole.format(value); }
  function percent(value) { return value === null ? "–" : value.toFixed(1) + " %"; }
  function isWhole(cells) { return cells !== null && (cells[STATE] === "complete" || cells[STATE] === "empty"); }

  function money(cents, currency) {
    if (cents === null) { return "–"; }
    try {
      if (currency) {
        return new Intl.NumberFormat("en", {style: "currency", currency: currency, minimumFractionDigits: 2, maximumFractionDigits: 2}).format(cents / 100);
      }
    } catch (unknown) {
      // What is no ISO code is written behind the number.
    }
    return (cents / 100).toLocaleString("en", {minimumFractionDigits: 2, maximumFractionDigits: 2}) + (currency ? " " + currency : "");
  }

  // Makes an element. Text becomes text nodes only, so that no name or path is read as markup.
  function el(tag, attributes) {
    var made = document.createElement(tag);
    fill(made, attributes, Array.prototype.slice.call(arguments, 2));
    return made;
  }
  function svg(tag, attributes) {
    var made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    fill(made, attributes, Array.prototype.slice.call(arguments, 2));
    return made;
  }
  function fill(made, attributes, children) {
    Object.keys(attributes || {}).forEach(function (name) {
      if (attributes[name] !== null) { made.setAttribute(name, attributes[name]); }
    });
    children.forEach(function (child) {
      if (child !== null) { made.append(child); }
    });
  }
  function byId(id) { return document.getElementById(id); }
  function replace(id) {
    var place = byId(id);
    place.replaceChildren.apply(place, Array.prototype.slice.call(arguments, 1));
    return place;
  }

  // --- What is chosen

  var chosen = {site: 0, period: 0, unit: "day", range: 0, off: {}};
  var visible = data.periods.map(function (p, n) { return n; }).filter(function (n) { return !data.periods[n].hidden; });

  function fromHash() {
    var words = new URLSearchParams(location.hash.slice(1));
    data.sites.forEach(function (s, n) { if (s.id === words.get("site")) { chosen.site = n; } });
    visible.forEach(function (n) { if (data.periods[n].key === words.get("period")) { chosen.period = n; } });
  }
  function toHash() {
    var words = new URLSearchParams();
    words.set("site", data.sites[chosen.site].id);
    words.set("period", data.periods[chosen.period].key);
    history.replaceState(null, "", "#" + words);
  }
  function site() { return data.sites[chosen.site]; }
  function label(period) { return period.label || shown(plain.month, seconds(period.first)); }

  // --- Changes

  // Returns the change from one period to another, where both are whole.
  function change(now, before, cell) {
    if (!isWhole(now) || before === null || !isWhole(before) || now[cell] === null || before[cell] === null) { return null; }
    if (cell === BOUNCE) { return {points: now[cell] - before[cell]}; }
    return before[cell] === 0 ? null : {ratio: now[cell] / before[cell] - 1};
  }
  function changed(c) {
    if (c === null) { return el("span", {"class": "change"}, "–"); }
    if (c.points !== undefined) {
      return el("span", {"class": "change"}, (c.points >= 0 ? "+" : "−") + Math.abs(c.points).toFixed(1) + " points");
    }
    var size = Math.abs(c.ratio * 100);
    var words = (c.ratio >= 0 ? "+" : "−") + (size < 10 ? size.toFixed(1) : whole.format(Math.round(size))) + " %";
    return el("span", {"class": "change " + (c.ratio > 0 ? "up" : c.ratio < 0 ? "down" : "")}, words);
  }

  // --- The head and the tiles

  // Says why unique visitors are not known: that nothing has measured it is not that days do not add up.
  function unknownUniques(s) {
    if (s.id === "" && data.sites.length > 1) { return "sites are not added up"; }
    if (s.adds === null) { return "not measured yet whether days add up"; }
    return s.adds ? "not known of all days" : "days were measured not to add up";
  }

  // Returns the first and last day of a period, as far as the page shows it.
  function dates(period) {
    var last = period.last < data.end ? period.last : data.end;
    return shown(plain.day, seconds(period.first)) + " to " + shown(plain.full, seconds(last));
  }

  // Names the sites of which not everything in a period is known for good.
  function affected(sites, period) {
    return sites === undefined || sites === null || sites[0] === 0 ? "" :
      "Of " + whole.format(sites[0]) + " of " + whole.format(sites[1]) + " sites (" + (sites[0] === 1 ? sites[2] : "the first is " + sites[2]) + "), not all days from " + dates(period) + " are known for good.";
  }

  function drawHead() {
    var s = site();
    replace("title", s.name);
    document.title = s.name + " · fathom-export";
    replace("subtitle", "Days to " + shown(plain.full, seconds(data.end)) + (s.zone ? ", in " + s.zone : s.id ? "" : ", each in its site's time zone"));
    var period = data.periods[chosen.period];
    var now = s.periods[chosen.period];
    var before = period.before < 0 ? null : s.periods[period.before];
    var perVisit = function (cells) { return cells === null || !cells[VISITS] || cells[PAGEVIEWS] === null ? null : cells[PAGEVIEWS] / cells[VISITS]; };
    function tile(name, value, c) {
      return el("li", null, el("span", {"class": "name"}, name), el("b", null, value), changed(c));
    }
    function of(cell) { return now === null ? null : now[cell]; }
    var ratio = perVisit(now), ratioBefore = perVisit(before);
    replace("tiles",
      tile("Visits", number(of(VISITS)), change(now, before, VISITS)),
      of(UNIQUES) === null
        ? el("li", null, el("span", {"class": "name"}, "Unique visitors"), el("b", null, "–"),
          el("span", {"class": "change wraps"}, unknownUniques(s)))
        : tile("Unique visitors", number(of(UNIQUES)), change(now, before, UNIQUES)),
      tile("Pageviews", number(of(PAGEVIEWS)), change(now, before, PAGEVIEWS)),
      tile("Bounce rate", percent(of(BOUNCE)), change(now, before, BOUNCE)),
      tile("Pageviews per visit", ratio === null ? "–" : ratio.toFixed(2),
        ratio !== null && ratioBefore && isWhole(now) && isWhole(before) ? {ratio: ratio / ratioBefore - 1} : null));
    var words = label(period) + ": " + shown(plain.day, seconds(period.first)) + " to " + shown(plain.full, seconds(period.last));
    if (now === null) {
      words += ". Nothing is stored of these days.";
    } else if (!isWhole(now)) {
      words += ". " + (now[STATE] === "provisional" ? "Not over yet" : "Not complete") + ": " + now[DONE] + " of " + now[LENGTH] + " days, so it is not compared with the period before." + (s.partial && s.partial[chosen.period][0] > 0 ? " " + affected(s.partial[chosen.period], period) : "");
    } else if (before !== null && isWhole(before)) {
      words += ", compared with " + shown(plain.day, seconds(before[FIRST])) + " to " + shown(plain.full, seconds(data.periods[period.before].last)) + ".";
      var joined = s.joined ? s.joined.periods[chosen.period] : 0;
      if (joined > 0) {
        words += " " + (joined === 1 ? "1 site" : whole.format(joined) + " sites") + " began after " + shown(plain.day, seconds(before[FIRST])) + ", so a part of the change is theirs.";
      }
    } else {
      words += ". The period before is not complete, so there is no comparison." + (s.partial && period.before >= 0 && s.partial[period.before][0] > 0 ? " " + affected(s.partial[period.before], data.periods[period.before]) : "");
    }
    replace("compared", words);
  }

  // --- The chart

  var plot = null;

  function color(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

  // Returns the points: by day every day of the calendar, by week and month those that are whole.
  function points() {
    var s = site(), x = [], rows = MEASURES.map(function () { return []; }), states = [];
    if (s.first === null) { return {x: x, rows: rows, states: states}; }
    if (chosen.unit === "day") {
      var start = seconds(s.first);
      for (var n = 0; n < s.states.length; n++) {
        x.push(start + n * DAY);
        states.push(STATES[s.states[n]] || "missing");
        MEASURES.forEach(function (m, i) { rows[i].push(s[m.key][n]); });
      }
    } else {
      (chosen.unit === "week" ? s.weeks : s.months).slice().reverse().forEach(function (cells) {
        x.push(seconds(cells[FIRST]));
        states.push(isWhole(cells) ? "complete" : cells[STATE]);
        MEASURES.forEach(function (m, i) { rows[i].push(isWhole(cells) ? cells[m.cell] : null); });
      });
    }
    return {x: x, rows: rows, states: states};
  }

  function hatch(ctx, ink) {
    var tile = document.createElement("canvas"), size = 8 * devicePixelRatio;
    tile.width = tile.height = size;
    var pen = tile.getContext("2d");
    pen.strokeStyle = ink;
    pen.lineWidth = devicePixelRatio;
    pen.beginPath();
    pen.moveTo(-size / 2, size / 2); pen.lineTo(size / 2, -size / 2);
    pen.moveTo(0, size); pen.lineTo(size, 0);
    pen.moveTo(size / 2, size * 1.5); pen.lineTo(size * 1.5, size / 2);
    pen.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  // Marks the days that are not known, or not for good, behind the lines.
  function bands(u, found) {
    var ctx = u.ctx, box = u.bbox, half = chosen.unit === "day" ? DAY / 2 : 0;
    if (!half) { return; }
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    for (var n = 0; n < found.x.length; n++) {
      var state = found.states[n];
      if (state === "complete" || state === "empty") { continue; }
      var to = n;
      while (to + 1 < found.x.length && found.states[to + 1] === state) { to++; }
      var left = u.valToPos(found.x[n] - half, "x", true), right = u.valToPos(found.x[to] + half, "x", true);
      ctx.globalAlpha = state === "missing" ? 0.5 : 0.22;
      ctx.fillStyle = state === "missing" ? hatch(ctx, color("missing")) : color(state);
      ctx.fillRect(left, box.top, Math.max(right - left, 1), box.height);
      n = to;
    }
    ctx.restore();
  }

  // Returns the places of values that have no known neighbour: a line alone would not show them.
  function alone(u, series) {
    var values = u.data[series], found = [];
    for (var n = 0; n < values.length; n++) {
      if (values[n] !== null && (n === 0 || values[n - 1] === null) && (n === values.length - 1 || values[n + 1] === null)) { found.push(n); }
    }
    return found;
  }

  function drawChart() {
    var place = byId("chart"), found = points();
    if (plot !== null) { plot.destroy(); plot = null; }
    place.replaceChildren();
    replace("charttitle", "Traffic by " + chosen.unit);
    drawBands(found);
    if (found.x.length === 0) {
      place.append(el("p", {"class": "quiet"}, "Nothing is stored by " + chosen.unit + " yet."));
      return;
    }
    var pad = {day: 1, week: 7, month: 31}[chosen.unit] * DAY / 2;
    var last = found.x[found.x.length - 1];
    var min = chosen.range > 0 ? Math.max(found.x[0], last - (chosen.range - 1) * DAY) : found.x[0];
    function when(at) {
      if (chosen.unit === "month") { return shown(plain.month, at); }
      return chosen.unit === "week" ? "Week of " + shown(plain.full, at) : shown(plain.weekday, at);
    }
    var series = [{
      value: function (u, at, i, n) {
        if (n === null || n === undefined || at === null) { return ""; }
        var state = found.states[n];
        return when(at) + (state === "complete" || state === "empty" ? "" : " · " + state);
      }
    }];
    var drawn = [];
    MEASURES.forEach(function (m, i) {
      // What is not known of any day, such as the uniques of all sites, is no line.
      if (found.rows[i].every(function (value) { return value === null; })) { return; }
      drawn.push(m);
      series.push({
        label: m.name,
        show: !chosen.off[m.key],
        stroke: color(m.key),
        width: m.key === "visits" ? 2 : 1.5,
        fill: m.key === "pageviews" ? color("area") : undefined,
        spanGaps: false,
        points: {show: true, size: 5, fill: color(m.key), filter: chosen.unit === "day" ? alone : null},
        value: function (u, value, i, n) { return n === null || n === undefined ? "" : number(value); }
      });
    });
    var axis = {stroke: color("quiet"), grid: {stroke: color("line"), width: 1}, ticks: {show: false}, font: "12px system-ui, \"Liberation Sans\", sans-serif"};
    plot = new uPlot({
      width: place.clientWidth,
      height: place.clientWidth < 600 ? 240 : 300,
      tzDate: function (at) { return uPlot.tzDate(new Date(at * 1000), "Etc/UTC"); },
      scales: {
        x: {min: min - pad, max: last + pad, range: function (u, from, to) { return from === null ? [min - pad, last + pad] : [from, to]; }},
        y: {range: function (u, from, to) { return [0, to === null || to <= 0 ? 1 : to * 1.08]; }}
      },
      axes: [
        Object.assign({}, axis, {
          grid: {show: false},
          size: 30,
          space: 64,
          incrs: [1, 2, 7, 14, 28].map(function (d) { return d * DAY; }).concat([30.5, 61, 91.5, 183, 366].map(function (d) { return d * DAY; })),
          splits: function (u, i, from, to, step) {
            var at = [], day = Math.ceil(from / DAY) * DAY;
            if (step > 28 * DAY || chosen.unit === "month") {
              var months = Math.max(1, Math.round(step / (30.5 * DAY))), date = new Date(day * 1000);
              var month = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + (date.getUTCDate() > 1 ? 1 : 0), 1));
              for (; month / 1000 <= to; month.setUTCMonth(month.getUTCMonth() + months)) { at.push(month / 1000); }
              return at;
            }
            if (step >= 7 * DAY || chosen.unit === "week") {
              // Mondays: the epoch began on a Thursday.
              day += (((4 - day / DAY) % 7) + 7) % 7 * DAY;
              step = Math.max(7 * DAY, step);
            }
            for (; day <= to; day += step) { at.push(day); }
            return at;
          },
          values: function (u, splits, i, space, step) {
            var byMonth = step > 28 * DAY || chosen.unit === "month";
            return splits.map(function (at) { return shown(byMonth ? plain.short : plain.day, at); });
          }
        }),
        Object.assign({}, axis, {
          size: 46,
          space: 44,
          incrs: [1, 2, 5].concat([1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap(function (e) { return [1, 2, 2.5, 5].map(function (n) { return n * Math.pow(10, e); }); })),
          values: function (u, splits) { return splits.map(function (v) { return compact.format(v); }); }
        })
      ],
      series: series,
      cursor: {y: false, points: {size: 7}, drag: {x: true, y: false}},
      legend: {live: true},
      hooks: {
        drawAxes: [function (u) { bands(u, found); }],
        setSeries: [function (u, i, options) {
          if (i !== null && options.show !== undefined) { chosen.off[drawn[i - 1].key] = !options.show; }
        }]
      }
    }, [found.x].concat(drawn.map(function (m) { return found.rows[MEASURES.indexOf(m)]; })), place);
  }

  function drawBands(found) {
    var there = ["provisional", "stale", "incomplete", "missing"].filter(function (s) { return found.states.indexOf(s) >= 0; });
    if (chosen.unit !== "day") {
      replace("bands", el("li", null, there.length ? "Only whole " + chosen.unit + "s are drawn." : ""));
      return;
    }
    replace.apply(null, ["bands"].concat(there.map(function (s) {
      return el("li", null, el("i", {"class": s}), s + ": " + MEANINGS[s]);
    })));
  }

  function drawChoices() {
    var s = site();
    function wholeOnes(rows) { return rows.filter(isWhole).length; }
    var units = ["day"].concat(wholeOnes(s.weeks) > 1 ? ["week"] : [], wholeOnes(s.months) > 1 ? ["month"] : []);
    if (units.indexOf(chosen.unit) < 0) { chosen.unit = "day"; }
    var days = s.states.length;
    var ranges = chosen.unit === "month" ? [] : [28, 91].filter(function (n) { return n < days; });
    if (ranges.length) { ranges.push(0); }
    if (ranges.indexOf(chosen.range) < 0) { chosen.range = 0; }
    function choice(id, values, words, key) {
      replace.apply(null, [id].concat(values.map(function (value) {
        var button = el("button", {type: "button", "aria-pressed": String(chosen[key] === value)}, words(value));
        button.addEventListener("click", function () { chosen[key] = value; drawChoices(); drawChart(); });
        return button;
      })));
      byId(id).hidden = values.length < 2;
    }
    choice("unit", units, function (u) { return {day: "Day", week: "Week", month: "Month"}[u]; }, "unit");
    choice("range", ranges, function (n) { return n ? n + " days" : "All"; }, "range");
  }

  // --- Weeks and months

  function drawPeriods(id, rows, name, limit) {
    var table = byId(id);
    var body = el("tbody");
    var some = rows.slice(0, limit);
    var joined = site().joined ? site().joined[id] : null;
    // Returns new elements each time: beside the visits, and below them on a phone.
    function changing(cells, before, n) {
      var by = change(cells, before, VISITS), words = document.createDocumentFragment();
      words.append(changed(by));
      if (joined && joined[n] > 0 && by !== null) {
        words.append(el("span", {"class": "change", title: "sites that began since the period before began"}, " (+" + joined[n] + (joined[n] === 1 ? " site)" : " sites)")));
      }
      return words;
    }
    some.forEach(function (cells, n) {
      // Rows follow each other without gaps, the newest first.
      var before = n + 1 < rows.length ? rows[n + 1] : null;
      var words = {provisional: "to date", incomplete: cells[DONE] + " of " + cells[LENGTH] + " days", missing: "missing", stale: "stale"}[cells[STATE]];
      body.append(el("tr", {"class": isWhole(cells) ? null : "partial"},
        el("td", null, name(seconds(cells[FIRST])), words ? " " : null, words ? el("span", {"class": "chip " + cells[STATE]}, words) : null),
        el("td", {"class": "num"}, number(cells[VISITS]), change(cells, before, VISITS) === null ? null : el("span", {"class": "narrow"}, changing(cells, before, n))),
        el("td", {"class": "num extra"}, changing(cells, before, n)),
        el("td", {"class": "num"}, number(cells[UNIQUES])),
        el("td", {"class": "num"}, number(cells[PAGEVIEWS])),
        el("td", {"class": "num"}, percent(cells[BOUNCE]))));
    });
    table.replaceChildren(
      el("thead", null, el("tr", null,
        el("th", {scope: "col"}, id === "weeks" ? "Week of" : "Month"), el("th", {scope: "col", "class": "num"}, "Visits", el("span", {"class": "narrow"}, "and change")),
        el("th", {scope: "col", "class": "num extra"}, "Change"), el("th", {scope: "col", "class": "num"}, "Unique visitors"),
        el("th", {scope: "col", "class": "num"}, "Pageviews"), el("th", {scope: "col", "class": "num"}, "Bounce rate"))),
      body);
    var old = table.parentNode.nextElementSibling;
    if (old) { old.remove(); }
    if (rows.length > limit) {
      var more = el("button", {type: "button", "class": "more"}, "Show all " + rows.length);
      more.addEventListener("click", function () { drawPeriods(id, rows, name, rows.length); });
      table.parentNode.after(more);
    }
  }

  // --- Lists

  function country(code) {
    if (regions !== null && /^[A-Z]{2}$/.test(code)) { return regions.of(code) || code; }
    return code;
  }

  // Returns whether everything is known that a list of a site adds up in a period, as far as it is over.
  function knows(s, kind, n) {
    var days = s.known[kind] ? s.known[kind][n] : null;
    return days !== null && days[0] === days[1];
  }

  // Says which part of a period a list is made from; nothing where it is the whole.
  function part(s, kind) {
    var days = s.known[kind] ? s.known[kind][chosen.period] : null, words = [];
    if (days !== null && days[0] < days[1]) {
      if (s.lacking && s.lacking[kind]) { words.push(affected(s.lacking[kind][chosen.period], data.periods[chosen.period])); }
      words.push(days[0] === 0 ? "None of these days is known for good" + (s.lacking ? " of all sites." : ".") : "Only " + days[0] + " of " + days[1] + " days are known for good" + (s.lacking ? " of all sites" : "") + ": the numbers are what is stored of the period.");
    }
    if (s.without && s.without[kind] > 0) {
      words.push(s.without[kind] === 1 ? "1 site has no report for this list." : whole.format(s.without[kind]) + " sites have no report for this list.");
    }
    return words.length ? el("p", {"class": "part"}, words.join(" ")) : null;
  }

  function drawLists() {
    var s = site(), place = replace("lists");
    Object.keys(data.lists).forEach(function (kind) {
      var about = data.lists[kind], ranking = s.lists[kind][chosen.period];
      var card = el("section", {"class": "list"}, el("h2", null, about.title));
      place.append(card);
      var only = part(s, kind);
      if (about.note) { card.append(el("p", {"class": "quiet caption"}, about.note)); }
      if (only !== null) { card.append(only); }
      if (ranking === null || ranking.rows.length === 0) {
        card.append(el("p", {"class": "quiet"}, only === null ? "Nothing in this period." : "Nothing is stored of this period."));
        return;
      }
      var limit = 10;
      // One host for all pages says nothing.
      var hosts = {};
      ranking.rows.forEach(function (row) { hosts[row[1]] = true; });
      var subs = kind !== "pages" || Object.keys(hosts).length > 1;
      function table() {
        var body = el("tbody"), most = ranking.rows[0][2];
        ranking.rows.slice(0, limit).forEach(function (row) {
          var main = kind === "countries" ? country(row[0]) : row[0] === "" ? "(empty)" : row[0];
          var share = ranking.pageviews ? 100 * row[2] / ranking.pageviews : 0;
          var bar = el("span", {"class": "bar"});
          bar.style.width = (most ? 100 * row[2] / most : 0) + "%";
          body.append(el("tr", null,
            el("td", {"class": "label", title: main + (row[1] ? " " + row[1] : "")}, bar,
              el("span", {"class": "words"}, main, row[1] && subs ? el("span", {"class": "sub"}, " " + row[1]) : null)),
            el("td", {"class": "num"}, number(row[2])),
            el("td", {"class": "num sub"}, share.toFixed(1) + " %"),
            el("td", {"class": "num"}, number(row[3]))));
        });
        return el("table", null, el("thead", null, el("tr", null,
          el("th", {scope: "col"}, about.column), el("th", {scope: "col", "class": "num"}, "Pageviews"),
          el("th", {scope: "col", "class": "num"}, "Share"), el("th", {scope: "col", "class": "num"}, about.visits))), body);
      }
      card.append(table());
      if (ranking.rows.length > limit) {
        var more = el("button", {type: "button", "class": "more"}, "Show " + ranking.rows.length);
        more.addEventListener("click", function () {
          limit = ranking.rows.length;
          card.querySelector("table").replaceWith(table());
          more.remove();
        });
        card.append(more);
      }
    });
  }

  // --- Goals

  function drawGoals() {
    var s = site(), n = chosen.period, period = data.periods[n], table = byId("goals");
    var now = s.periods[n], before = period.before < 0 ? null : s.periods[period.before];
    var compared = isWhole(now) && before !== null && isWhole(before) && knows(s, "goals", n) && knows(s, "goals", period.before);
    var rows = s.goals.filter(function (g) { return g.conversions[n] > 0 || (period.before >= 0 && g.conversions[period.before] > 0); });
    replace("goalsof", label(period));
    replace("goalspart", part(s, "goals") || "");
    if (rows.length === 0) {
      table.replaceChildren(el("tbody", null, el("tr", null, el("td", {"class": "sub"}, knows(s, "goals", n) || !s.known.goals ? "No conversions in this period." : "No conversions are stored of this period."))));
      return;
    }
    var all = s.id === "" && data.sites.length > 1;
    // Conversions of some days are not divided by the visits of others.
    var visitsOf = {};
    data.sites.forEach(function (one) {
      var own = one.periods[n];
      visitsOf[one.name] = own !== null && (isWhole(own) || own[STATE] === "provisional") && knows(one, "goals", n) ? own[VISITS] : null;
    });
    var body = el("tbody");
    rows.forEach(function (g) {
      var old = compared ? g.conversions[period.before] : null, visits = visitsOf[g.site];
      body.append(el("tr", null,
        el("td", null, g.event, all ? el("span", {"class": "sub narrow"}, g.site) : null), all ? el("td", {"class": "sub extra"}, g.site) : null,
        el("td", {"class": "num"}, number(g.conversions[n])),
        el("td", {"class": "num extra"}, changed(old && g.conversions[n] !== null ? {ratio: g.conversions[n] / old - 1} : null)),
        el("td", {"class": "num"}, visits && g.conversions[n] !== null ? (100 * g.conversions[n] / visits).toFixed(2) : "–"),
        el("td", {"class": "num"}, money(g.cents[n], g.currency))));
    });
    table.replaceChildren(el("thead", null, el("tr", null,
      el("th", {scope: "col"}, "Goal"), all ? el("th", {scope: "col", "class": "extra"}, "Site") : null,
      el("th", {scope: "col", "class": "num"}, "Conversions"), el("th", {scope: "col", "class": "num extra"}, "Change"),
      el("th", {scope: "col", "class": "num"}, "Conversions per 100 visits"), el("th", {scope: "col", "class": "num"}, "Value"))), body);
  }

  // --- States

  function drawReports() {
    var s = site(), body = el("tbody"), there = {};
    var from = s.calendars.map(function (c) { return c.first; }).sort()[0];
    var days = from === undefined ? 0 : (seconds(data.end) - seconds(from)) / DAY + 1;
    s.freshness.forEach(function (f) {
      var calendar = s.calendars.filter(function (c) { return c.report === f.report; })[0], strip = null, counts = {};
      if (calendar) {
        strip = svg("svg", {"class": "strip", viewBox: "0 0 " + days + " 10", preserveAspectRatio: "none", role: "img"});
        var offset = (seconds(calendar.first) - seconds(from)) / DAY;
        for (var n = 0; n < calendar.states.length; n++) {
          var to = n;
          while (to + 1 < calendar.states.length && calendar.states[to + 1] === calendar.states[n]) { to++; }
          var state = STATES[calendar.states[n]];
          if (state) {
            there[state] = true;
            counts[state] = (counts[state] || 0) + to - n + 1;
            var at = seconds(calendar.first) + n * DAY;
            var title = svg("title", null, state + ": " + shown(plain.full, at) + (to > n ? " to " + shown(plain.full, at + (to - n) * DAY) : ""));
            strip.append(svg("rect", {"class": state, x: offset + n, y: 0, width: to - n + 1, height: 10, "pointer-events": "all"}, title));
            if (state === "missing") { strip.append(svg("path", {"class": "missing-edge", d: "M" + (offset + n) + " 0.5h" + (to - n + 1) + "M" + (offset + n) + " 9.5h" + (to - n + 1)})); }
          }
          n = to;
        }
      }
      var words = ["missing", "incomplete", "stale", "provisional"].filter(function (w) { return counts[w]; })
        .map(function (w) { return counts[w] + " " + w; }).join(", ");
      if (strip) { strip.setAttribute("aria-label", f.report + ": " + (words || "every day is complete")); }
      body.append(el("tr", null,
        el("td", null, f.report),
        el("td", null, shown(plain.full, seconds(f.last))),
        el("td", {"class": "num"}, f.behind === 0 ? "in time" : f.behind + (f.behind === 1 ? " day behind" : " days behind")),
        el("td", {"class": "wide"}, strip),
        el("td", null, calendar ? words || "complete" : f.state)));
    });
    byId("reports").replaceChildren(el("thead", null, el("tr", null,
      el("th", {scope: "col"}, "Report"), el("th", {scope: "col"}, "Last day"), el("th", {scope: "col", "class": "num"}, "Fresh"),
      el("th", {scope: "col"}, from === undefined ? "" : shown(plain.full, seconds(from)) + " to " + shown(plain.full, seconds(data.end))),
      el("th", {scope: "col"}, "Days"))), body);
    replace.apply(null, ["states"].concat(Object.keys(MEANINGS).filter(function (w) { return there[w]; }).map(function (w) {
      return el("li", null, el("i", {"class": w}), MEANINGS[w] === w ? w : w + ": " + MEANINGS[w]);
    })));
  }

  // --- All

  function draw() {
    drawHead();
    drawChoices();
    drawChart();
    drawPeriods("weeks", site().weeks, function (at) { return shown(plain.full, at); }, 8);
    drawPeriods("months", site().months, function (at) { return shown(plain.short, at); }, 8);
    drawLists();
    drawGoals();
    drawReports();
  }

  replace("made", "Written by fathom-export on " + shown(plain.moment, Date.parse(data.at) / 1000) + " UTC from " + data.source + ". It contains its numbers and loads nothing.");
  if (data.sites.length === 0) {
    replace("title", "No traffic of whole sites is stored yet");
    replace("subtitle", "The page needs a report on pageviews by day without field_grouping and filters, such as traffic_daily.");
    document.querySelector("main").hidden = true;
    document.querySelector("header .controls").hidden = true;
    return;
  }
  fromHash();
  var sites = byId("site"), periods = byId("period");
  data.sites.forEach(function (s, n) { sites.append(el("option", {value: n}, s.name)); });
  visible.forEach(function (n) { periods.append(el("option", {value: n}, label(data.periods[n]))); });
  sites.value = chosen.site;
  periods.value = chosen.period;
  sites.addEventListener("change", function () { chosen.site = Number(sites.value); toHash(); draw(); });
  periods.addEventListener("change", function () { chosen.period = Number(periods.value); toHash(); draw(); });
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawChart);
  var waiting = 0;
  new ResizeObserver(function () {
    if (plot === null || Math.abs(plot.width - byId("chart").clientWidth) < 2) { return; }
    clearTimeout(waiting);
    waiting = setTimeout(drawChart, 100);
  }).observe(byId("chart"));
})();
