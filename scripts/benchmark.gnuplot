# gnuplot -e "data='calls.tsv'; what='rate'; output='rate.svg'" benchmark.gnuplot
# Of the calls at QoS 1: the column named `what` over the calls in flight, a line for each contestant.
set terminal svg size 720,440 font "sans-serif,12" background "white"
set output output
set datafile separator "\t"
set logscale xy
set xlabel "calls in flight"
set ylabel what eq "rate" ? "calls a second" : "median of a call, µs"
set key outside right
set grid
set format x "%.0f"
set format y "%.0f"
contestants = system("awk -F '\t' 'NR > 1 && !seen[$5]++ { print $5 }' " . data)
plot for [c in contestants] \
  sprintf("<awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == \"%s\") n = i } $2 == 1 && $5 == \"%s\" { print $4 \"\t\" $n }' %s", what, c, data) \
  using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.6 title c
