module ringfence.test/pause

go 1.26
