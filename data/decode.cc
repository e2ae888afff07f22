#include "data/decode.h"
